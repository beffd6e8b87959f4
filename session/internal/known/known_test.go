package known

import (
	"fmt"
	"testing"
)

// What was added may be there, over every growth; few others may, until there is no room, and then all.
func TestKnown(t *testing.T) {
	const keys = 100_000
	k := New(16 << 20)
	for i := range keys {
		k.Add(fmt.Sprint(i))
	}
	others := 0
	for i := range keys {
		if !k.May(fmt.Sprint(i)) {
			t.Fatalf("%d was added", i)
		}
		if k.May(fmt.Sprint("x", i)) {
			others++
		}
	}
	if len(k.layers) < 3 || k.bytes > keys*8 || others > keys/50 {
		t.Errorf("%d layers, %d bytes, %d keys of %d were never added", len(k.layers), k.bytes, others, keys)
	}
	small := New(100 << 10)
	for i := range keys {
		small.Add(fmt.Sprint(i))
	}
	if !small.May("0") || !small.May("never") || small.bytes > small.limit {
		t.Errorf("over its room it takes none for new: %d bytes of %d", small.bytes, small.limit)
	}
}
