package main

import (
	"testing"

	"github.com/peltonhq/pelton/sdk/go"
)

func try(t *testing.T, delays ...string) []pelton.Result {
	t.Helper()
	var samples []pelton.Sample
	for _, delay := range delays {
		samples = append(samples, pelton.Sample{Key: []byte("BMI"), Payload: []byte(`{"delay":` + delay + `}`), Fields: map[string]pelton.Value{"delay": pelton.Number(delay)}})
	}
	results, err := pelton.Try("", samples...)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func TestOneFlightInAHundredIsGivenUp(t *testing.T) {
	results := try(t, "140", "141")
	if results[0].Verdict != pelton.Ack() || len(results[0].Emits) != 2 {
		t.Errorf("140 minutes: got %s and %d emits, want ack and 2", results[0].Verdict, len(results[0].Emits))
	}
	if want := pelton.Dead("a delay of 141 minutes is a typing error"); results[1].Verdict != want {
		t.Errorf("141 minutes: got %s, want %s", results[1].Verdict, want)
	}
}
