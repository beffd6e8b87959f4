//go:build invariants

package arena

import (
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
)

// trace remembers who released a slot last.
type trace struct{ caller atomic.Uintptr }

// note keeps the first caller outside this package's own methods.
func (t *trace) note() {
	var callers [8]uintptr
	n := runtime.Callers(2, callers[:])
	frames := runtime.CallersFrames(callers[:n])
	for i := 0; i < n; i++ {
		frame, more := frames.Next()
		if !strings.Contains(frame.Function, "/arena.(*") {
			t.caller.Store(callers[i])
			return
		}
		if !more {
			return
		}
	}
}

func (t *trace) where() string {
	caller := t.caller.Load()
	if caller == 0 {
		return ""
	}
	frame, _ := runtime.CallersFrames([]uintptr{caller}).Next()
	return "released at " + frame.File + ":" + strconv.Itoa(frame.Line)
}

// opened is how all slots stand in a chunk that is being filled: Commit lends each, so that the reference of one that was not
// committed is found out.
const opened = holds * kept
