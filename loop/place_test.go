package loop

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/peltonhq/pelton"
)

// A checkpoint that was put together is the one that encoding/json makes.
func TestPlace(t *testing.T) {
	for _, incarnation := range []string{"", "1", `a "quoted" one`, "\x00\u2028\n"} {
		p := newPlace(pelton.LaneID{Source: "s", Incarnation: incarnation, Lane: "l"})
		for _, position := range []uint64{0, 7, math.MaxUint64} {
			want, err := json.Marshal(Checkpoint{Incarnation: incarnation, Position: position})
			if err != nil {
				t.Fatal(err)
			}
			if got := p.at(position); string(got) != string(want) {
				t.Errorf("%s, want %s", got, want)
			}
		}
	}
}
