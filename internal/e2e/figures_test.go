package e2e

import (
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
)

// The figures that the documents promise, as literals: the oracle must come to them too.
func TestOracle(t *testing.T) {
	t.Parallel()
	o := flights(t)
	ord := o.states["ORD"]
	last := ord[len(ord)-1]
	if len(o.states) != 220 || o.total != 20_000 || len(o.late) != 4349 || last.Flights != 1095 || last.Late != 254 || last.Worst != 259 {
		t.Errorf("%d airports, %d flights, %d late, ORD %+v", len(o.states), o.total, len(o.late), last)
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	config := example(t)
	sink := filepath.Join(filepath.Dir(config), "late.jsonl")
	w := start(t, config)
	if f := w.await("settled").Figures; f.Messages != 20_000 || f.Sessions["airports"] != 220 || f.Sinks["late"] != 4349 || f.Dead+f.Parked != 0 {
		t.Errorf("settled with %+v", f)
	}
	heads := figures(t, w)
	text := read(t, sink)
	flights(t).sink(t, text)
	r := reader{t: t, name: "airports"}
	r.read(w, 20_000)
	flights(t).snapshots(t, r.seen, always)
	w.stop()

	// Over the same store nothing is new, whether the wheel ends by itself or not.
	again := start(t, config, "--until-idle")
	if f := again.await("settled").Figures; f.Messages != 0 || f.Sinks["late"] != 0 {
		t.Errorf("the second run settled with %+v, want nothing", f)
	}
	again.exit()
	third := start(t, config)
	if f := third.await("settled").Figures; f.Messages != 0 || f.Sessions["airports"] != 220 {
		t.Errorf("the third run settled with %+v", f)
	}
	if now := figures(t, third); !reflect.DeepEqual(now, heads) {
		t.Errorf("the sessions changed:\n%v\n%v", heads, now)
	}
	if read(t, sink) != text {
		t.Error("the sink's bytes changed")
	}
	third.stop()
}

// figures checks the figures of settled sessions over the API and returns their heads.
func figures(t *testing.T, w *wheel) []api.Head {
	t.Helper()
	c := w.client()
	heads, err := c.AllHeads(t.Context(), "airports")
	if err != nil {
		t.Fatal(err)
	}
	var sum state
	for _, h := range heads {
		s, err := c.Get(t.Context(), "airports", h.Key, 0)
		if err != nil {
			t.Fatal(err)
		}
		now := stateOf(t, s.Payload)
		if s.ID != h.ID || int(h.ID) != now.Flights || now.Airport != h.Key {
			t.Errorf("%s: head %d, snapshot %d, %+v", h.Key, h.ID, s.ID, now)
		}
		if h.Key == "ORD" && (now.Flights != 1095 || now.Late != 254 || math.Abs(now.MeanDelay-7.471) > 0.001 || now.Worst != 259) {
			t.Errorf("ORD: %+v", now)
		}
		sum.Flights += now.Flights
		sum.Late += now.Late
	}
	if len(heads) != 220 || sum.Flights != 20_000 || sum.Late != 4349 {
		t.Errorf("%d sessions with %d flights, %d late; want 220, 20000, 4349", len(heads), sum.Flights, sum.Late)
	}
	if n := strings.Count(read(t, filepath.Join(w.dir(), "late.jsonl")), "\n"); n != 4349 {
		t.Errorf("the sink has %d lines, want 4349", n)
	}
	return heads
}
