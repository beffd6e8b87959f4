package process

import (
	"fmt"

	"github.com/peltonhq/pelton/actor"
)

// broken is a fault after which the process is ended.
func broken(kind actor.FaultKind, format string, args ...any) *actor.Fault {
	return &actor.Fault{Kind: kind, Broken: true, Err: fmt.Errorf(format, args...)}
}

// malformed is an answer outside the protocol; the process goes on.
func malformed(format string, args ...any) *actor.Fault {
	return &actor.Fault{Kind: actor.FaultMalformed, Err: fmt.Errorf(format, args...)}
}

// overflow is more output than allowed; the process goes on.
func overflow(format string, args ...any) *actor.Fault {
	return &actor.Fault{Kind: actor.FaultOutput, Err: fmt.Errorf(format, args...)}
}

// bytesize is a size in the largest unit of which it is a whole number.
func bytesize(n int64) string {
	unit, size := "B", n
	for _, u := range []string{"KiB", "MiB", "GiB"} {
		if size%1024 != 0 {
			break
		}
		unit, size = u, size/1024
	}
	return fmt.Sprintf("%d%s", size, unit)
}
