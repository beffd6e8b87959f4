package doctor

import (
	"syscall"

	"github.com/peltonhq/pelton/engine/config"
)

// machine is the memory of this machine.
func machine() (bytes config.Size, known bool) {
	var i syscall.Sysinfo_t
	if syscall.Sysinfo(&i) != nil {
		return 0, false
	}
	return config.Size(i.Totalram * uint64(i.Unit)), true
}
