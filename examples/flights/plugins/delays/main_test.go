package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strconv"
	"testing"

	"github.com/peltonhq/pelton/sdk/go"
)

type flight struct {
	Delay  int    `json:"delay"`
	Origin string `json:"origin"`
}

// samples are the flights as the decode layer of the example presents them.
func samples(t *testing.T) []pelton.Sample {
	t.Helper()
	f, err := os.Open("../../flights.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []pelton.Sample
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var v flight
		line := append([]byte(nil), lines.Bytes()...)
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		delay := pelton.Number(strconv.Itoa(v.Delay))
		all = append(all, pelton.Sample{Key: []byte(v.Origin), Payload: line, Fields: map[string]pelton.Value{"delay": delay}})
	}
	return all
}

func TestEveryFlightIsToldAndTheLateOnesPassOn(t *testing.T) {
	results, err := pelton.Try("", samples(t)...)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, r := range results {
		if r.Verdict != pelton.Ack() {
			t.Fatalf("verdict %s, want ack", r.Verdict)
		}
		for _, e := range r.Emits {
			count[e.Output]++
		}
	}
	if count["airports"] != 20000 || count["late"] != 4349 {
		t.Errorf("got %v, want 20000 on airports and 4349 on late", count)
	}
}

func TestEventOfOneFlight(t *testing.T) {
	late := pelton.Sample{Key: []byte("DTW"), Payload: []byte(`{"delay":66}`), Fields: map[string]pelton.Value{"delay": pelton.Number("66")}}
	results, err := pelton.Try(`{"late_after":60}`, late)
	if err != nil {
		t.Fatal(err)
	}
	e := results[0].Emits
	if len(e) != 2 || string(e[0].Payload) != `{"delay":66,"late":true}` || string(e[1].Payload) != `{"delay":66}` || string(e[1].Key) != "DTW" {
		t.Errorf("got %q", e)
	}
	if results, _ = pelton.Try(`{"late_after":66}`, late); len(results[0].Emits) != 1 {
		t.Errorf("66 is not more than 66, yet it is late: %q", results[0].Emits)
	}
}

func TestNoDelayIsDead(t *testing.T) {
	results, err := pelton.Try("", pelton.Sample{Payload: []byte(`{}`)})
	if err != nil {
		t.Fatal(err)
	}
	if want := pelton.Dead("delay is not a number of minutes"); results[0].Verdict != want {
		t.Errorf("got %s, want %s", results[0].Verdict, want)
	}
}

func TestUnknownConfigKeyIsRefused(t *testing.T) {
	if _, err := pelton.Try(`{"late_afer":5}`); err == nil {
		t.Error("a misspelt key was accepted")
	}
}
