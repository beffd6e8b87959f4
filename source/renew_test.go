package source

import (
	"context"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/decode"
)

// sized is a lane of so many bytes.
type sized uint64

func (s sized) ID() pelton.LaneID {
	return pelton.LaneID{Source: "flights", Incarnation: "ab", Lane: "f"}
}
func (s sized) Endless() bool                                       { return false }
func (s sized) Read(context.Context, uint64, *decode.Decoder) error { return nil }
func (s sized) Settled(uint64)                                      {}
func (s sized) Renewed(position uint64) bool                        { return uint64(s) < position }

func TestResume(t *testing.T) {
	for _, c := range []struct {
		stored string
		at     uint64
		want   string
		from   uint64
	}{
		{"", 0, "ab", 0},
		{"ab", 40, "ab", 40},
		{"ab", 100, "ab", 100},
		{"ab", 101, "ab~2", 0},
		{"ab~2", 40, "ab~2", 40},
		{"ab~9", 101, "ab~10", 0},
		{"cd", 40, "ab", 0},
		{"abc", 101, "ab", 0},
	} {
		id, from := Resume(sized(100), c.stored, c.at)
		if id.Incarnation != c.want || from != c.from || id.Source != "flights" || id.Lane != "f" {
			t.Errorf("%s at %d: got %s at %d, want %s at %d", c.stored, c.at, id, from, c.want, c.from)
		}
	}
}
