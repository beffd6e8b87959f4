package invariants

import "fmt"

// Check panics with the message, formatted as by fmt.Sprintf, when cond is false and the build has the tag. The
// message starts with the number of the invariant that it guards.
func Check(cond bool, msg string, args ...any) {
	if Enabled && !cond {
		panic("invariant broken: " + fmt.Sprintf(msg, args...))
	}
}
