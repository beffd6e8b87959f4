package wasm_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

const example = "../../examples/flights/"

// turnsOf is the example's data in turns of 64, decoded as its config says.
func turnsOf(t testing.TB) []*actor.Turn {
	t.Helper()
	f, err := os.Open(example + "flights.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lane := &pelton.LaneID{Source: "flights", Incarnation: "i", Lane: "l"}
	names := []string{"delay"}
	var turns []*actor.Turn
	var turn *actor.Turn
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if turn == nil || len(turn.Deliveries) == 64 {
			turn = &actor.Turn{}
			turns = append(turns, turn)
		}
		line := bytes.Clone(lines.Bytes())
		at := bytes.Index(line, []byte(`"delay":`)) + len(`"delay":`)
		field := pelton.Field{Offset: uint32(at), Length: uint32(bytes.IndexByte(line[at:], ',')), Kind: pelton.KindNumber}
		origin := bytes.Index(line, []byte(`"origin":"`)) + len(`"origin":"`)
		meta := &pelton.Meta{Lane: lane, Attempt: 1}
		view := pelton.Borrow(line, line[origin:origin+3], meta, []pelton.Field{field}, names)
		turn.Deliveries = append(turn.Deliveries, actor.Delivery{View: view, After: -1})
	}
	for _, turn := range turns {
		turn.Begin(actor.DefaultOutput)
	}
	return turns
}

// The example's two plugins as they are shipped, on all its data; folds of one airport, since the others are the same.
func TestFlights(t *testing.T) {
	r := engine(t)
	open := func(dir string) actor.Instance {
		m, err := r.Load(t.Context(), guest(t, example+"plugins/"+dir))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := m.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
		return start(t, m, patient())
	}
	delays, airports := open("delays"), open("airports")
	var state []byte // of ORD
	flights, late := 0, 0
	for _, turn := range turnsOf(t) {
		if err := delays.Handle(t.Context(), turn); err != nil {
			t.Fatal(err)
		}
		for _, e := range turn.Emits {
			if e.Output == "late" {
				late++
				continue
			}
			flights++
			if string(e.Key) != "ORD" {
				continue
			}
			call := []actor.Call{{Key: e.Key, State: state, Emit: e.Payload}}
			if err := airports.Reduce(t.Context(), call); err != nil || call[0].Err != nil {
				t.Fatal(err, call[0].Err)
			}
			state = call[0].Next
		}
	}
	if flights != 20000 || late != 4349 {
		t.Errorf("%d flights, %d of them late", flights, late)
	}
	var ord struct {
		Airport       string
		Flights, Late int
		Mean          float64 `json:"mean_delay"`
		Worst         int
	}
	if err := json.Unmarshal(state, &ord); err != nil {
		t.Fatal(err)
	}
	if ord.Airport != "ORD" || ord.Flights != 1095 || ord.Late != 254 || math.Abs(ord.Mean-7.471) > 0.001 || ord.Worst != 259 {
		t.Errorf("ORD: got %s", state)
	}
}

func TestBadFlightsPluginSaysWhy(t *testing.T) {
	n := start(t, load(t, guest(t, example+"plugins/delays-bad")), patient())
	f := fault(t, n.Handle(t.Context(), turnsOf(t)[0]))
	if want := "trap: panic: assignment to entry in nil map"; f.Error() != want || !f.Broken {
		t.Errorf("got %v, want %s", f, want)
	}
}
