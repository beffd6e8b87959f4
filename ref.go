package pelton

import (
	"fmt"
	"strconv"
	"strings"
)

// Ref lends one message of an arena by generational reference. It is 8 bytes, comparable, and safe to copy to
// another goroutine; whether it still names a message is checked at each use (A1). The zero Ref is never valid:
// generations start at 1, and a slot whose generation would wrap is retired.
type Ref struct {
	Index      uint32 // slot in the arena
	Generation uint32 // how often the slot has been lent, from 1
}

// Valid reports whether r could name a message; the arena alone knows whether it still does.
func (r Ref) Valid() bool { return r.Generation != 0 }

// String is "index.generation" in decimal.
func (r Ref) String() string {
	return strconv.FormatUint(uint64(r.Index), 10) + "." + strconv.FormatUint(uint64(r.Generation), 10)
}

// ParseRef is the inverse of [Ref.String].
func ParseRef(s string) (Ref, error) {
	index, generation, ok := strings.Cut(s, ".")
	i, errIndex := strconv.ParseUint(index, 10, 32)
	g, errGeneration := strconv.ParseUint(generation, 10, 32)
	r := Ref{Index: uint32(i), Generation: uint32(g)}
	if !ok || errIndex != nil || errGeneration != nil || !r.Valid() || r.String() != s {
		return Ref{}, fmt.Errorf("reference %q: want index.generation, for example 7.1", s)
	}
	return r, nil
}
