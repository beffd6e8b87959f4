package main

import (
	"testing"

	"github.com/peltonhq/pelton/sdk/go"
)

func flight(delay string) pelton.Sample {
	return pelton.Sample{Key: []byte("ORD"), Payload: []byte(`{"delay":` + delay + `}`), Fields: map[string]pelton.Value{"delay": pelton.Number(delay)}}
}

func TestLateAfterThirtyMinutes(t *testing.T) {
	results, err := pelton.Try("", flight("30"), flight("31"))
	if err != nil {
		t.Fatal(err)
	}
	if e := results[0].Emits; len(e) != 1 || string(e[0].Payload) != `{"delay":30,"late":false}` {
		t.Errorf("30 minutes: got %q", e)
	}
	if e := results[1].Emits; len(e) != 2 || string(e[1].Payload) != `{"delay":31,"late_after":30}` {
		t.Errorf("31 minutes: got %q", e)
	}
}
