package e2e

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
)

// state is what reducer airports keeps.
type state struct {
	Airport   string  `json:"airport"`
	Flights   int     `json:"flights"`
	Late      int     `json:"late"`
	MeanDelay float64 `json:"mean_delay"`
	Worst     int     `json:"worst"`
}

// oracle is what must come of flights: the states of each airport in the order of its flights, and the late lines.
type oracle struct {
	states map[string][]state
	late   []string // sorted
	total  int
}

func newOracle(t *testing.T, path string) *oracle {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	o := &oracle{states: map[string][]state{}}
	sums := map[string]int{}
	for line := range bytes.Lines(text) {
		var f struct {
			Origin string `json:"origin"`
			Delay  int    `json:"delay"`
		}
		if err := json.Unmarshal(line, &f); err != nil {
			t.Fatal(err)
		}
		s := state{Airport: f.Origin, Worst: math.MinInt}
		if all := o.states[f.Origin]; len(all) > 0 {
			s = all[len(all)-1]
		}
		s.Flights++
		if f.Delay > 15 {
			s.Late++
			o.late = append(o.late, string(line))
		}
		sums[f.Origin] += f.Delay
		s.MeanDelay = float64(sums[f.Origin]) / float64(s.Flights)
		s.Worst = max(s.Worst, f.Delay)
		o.states[f.Origin] = append(o.states[f.Origin], s)
		o.total++
	}
	slices.Sort(o.late)
	return o
}

// flights is the oracle of the example.
func flights(t *testing.T) *oracle {
	t.Helper()
	return newOracle(t, "../../examples/flights/flights.jsonl")
}

func (s state) same(o state) bool {
	near := math.Abs(s.MeanDelay-o.MeanDelay) < 1e-9
	s.MeanDelay, o.MeanDelay = 0, 0
	return near && s == o
}

func stateOf(t *testing.T, payload []byte) state {
	t.Helper()
	var s state
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		t.Fatalf("snapshot %q: %v", payload, err)
	}
	return s
}

// snapshots holds a follow of all airports from the beginning against the oracle: ids of an airport are 1, 2, 3 …
// (S1), one for each flight (S2, D1), and, where its order is kept, each state is the one of so many flights (D3).
// Else the last state is.
func (o *oracle) snapshots(t *testing.T, all []api.Document, ordered func(airport string) bool) {
	t.Helper()
	if len(all) != o.total {
		t.Errorf("%d snapshots, want %d: one for each flight", len(all), o.total)
	}
	last := map[string]api.Document{}
	wrong := 0
	for _, d := range all {
		want, got := o.states[d.Key], stateOf(t, d.Payload)
		before := last[d.Key]
		last[d.Key] = d
		switch {
		case d.ID != before.ID+1 || before.ID > 0 && d.Epoch != before.Epoch:
			t.Errorf("%s: snapshot %d:%d comes behind %d:%d", d.Key, d.Epoch, d.ID, before.Epoch, before.ID)
		case d.ID > uint64(len(want)):
			t.Errorf("%s: snapshot %d, but there are %d flights", d.Key, d.ID, len(want))
		case got.Flights != int(d.ID), (ordered(d.Key) || d.ID == uint64(len(want))) && !got.same(want[d.ID-1]):
			t.Errorf("%s: snapshot %d is %+v, want %+v", d.Key, d.ID, got, want[d.ID-1])
		default:
			continue
		}
		if wrong++; wrong == 10 {
			t.Fatal("and so on")
		}
	}
	for key, want := range o.states {
		if last[key].ID != uint64(len(want)) {
			t.Errorf("%s: the last snapshot is %d, want %d", key, last[key].ID, len(want))
		}
	}
}

// sink holds the lines of the sink against the late flights: each once, in any order.
func (o *oracle) sink(t *testing.T, text string) {
	t.Helper()
	got := slices.Sorted(strings.Lines(text))
	if !slices.Equal(got, o.late) {
		t.Errorf("the sink has %d lines, want these %d; first difference: %s", len(got), len(o.late), difference(got, o.late))
	}
}

func difference(got, want []string) string {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			return "missing " + want[i]
		case i >= len(want):
			return "more: " + got[i]
		case got[i] > want[i]:
			return "missing " + want[i]
		case got[i] < want[i]:
			return "more: " + got[i]
		}
	}
	return "none"
}

func always(string) bool { return true }
