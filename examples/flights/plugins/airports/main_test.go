package main

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/peltonhq/pelton/sdk/go"
)

type flight struct {
	Delay  int    `json:"delay"`
	Origin string `json:"origin"`
}

// events are what delays emits, by origin.
func events(t *testing.T) map[string][][]byte {
	t.Helper()
	f, err := os.Open("../../flights.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string][][]byte{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var v flight
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		e, err := json.Marshal(event{int64(v.Delay), v.Delay > 15})
		if err != nil {
			t.Fatal(err)
		}
		all[v.Origin] = append(all[v.Origin], e)
	}
	return all
}

func TestTheFlightsFoldToTheKnownFigures(t *testing.T) {
	all := events(t)
	var flights, late int64
	final := map[string]airport{}
	for origin, list := range all {
		states, err := pelton.TryReduce("", origin, list...)
		if err != nil {
			t.Fatal(err)
		}
		var a airport
		if err := json.Unmarshal(states[len(states)-1], &a); err != nil {
			t.Fatal(err)
		}
		final[origin] = a
		flights, late = flights+a.Flights, late+a.Late
	}
	if len(final) != 220 || flights != 20000 || late != 4349 {
		t.Errorf("got %d airports, %d flights, %d late", len(final), flights, late)
	}
	ord := final["ORD"]
	if ord.Airport != "ORD" || ord.Flights != 1095 || ord.Late != 254 || ord.Worst != 259 || math.Abs(ord.MeanDelay-7.471) > 0.001 {
		t.Errorf("ORD: got %+v", ord)
	}
	var sum float64
	for _, e := range all["ORD"] {
		var v event
		if err := json.Unmarshal(e, &v); err != nil {
			t.Fatal(err)
		}
		sum += float64(v.Delay)
	}
	if ord.MeanDelay != sum/1095 {
		t.Errorf("the mean drifted: %v, want %v", ord.MeanDelay, sum/1095)
	}
}

func TestWorstOfEarlyFlightsIsNegative(t *testing.T) {
	states, err := pelton.TryReduce("", "LAS", []byte(`{"delay":-9,"late":false}`), []byte(`{"delay":-4,"late":false}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"airport":"LAS","flights":2,"late":0,"mean_delay":-6.5,"worst":-4}`; string(states[1]) != want {
		t.Errorf("got %s, want %s", states[1], want)
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	if _, err := pelton.TryReduce("", "LAS", []byte("late!")); err == nil {
		t.Error("an event that is no JSON was accepted")
	}
}
