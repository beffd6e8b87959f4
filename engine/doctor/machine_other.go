//go:build !linux

package doctor

import "github.com/peltonhq/pelton/engine/config"

// machine is the memory of this machine.
func machine() (bytes config.Size, known bool) { return 0, false }
