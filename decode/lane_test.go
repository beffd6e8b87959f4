package decode

import (
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
)

// decoder builds a decoder over an arena of its own, which must be empty when the test ends.
func decoder(t testing.TB, c Config) (*Decoder, *collector) {
	t.Helper()
	limit := c.maxMessage() + Spare
	a, err := arena.New(arena.Options{Name: "test", Size: 4 * max(limit, 64<<10), MaxMessage: limit})
	if err != nil {
		t.Fatal(err)
	}
	lane, err := a.Lane("lane")
	if err != nil {
		t.Fatal(err)
	}
	out := &collector{lane: lane, view: a.View}
	d, err := New(c, lane, &pelton.LaneID{Source: "s", Incarnation: "i", Lane: "lane"}, out, func() time.Time { return arrival })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.Reset()
		if err := a.Close(); err != nil { // refuses while anything is left (A3)
			t.Error(err)
		}
	})
	return d, out
}
