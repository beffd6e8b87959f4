package main

import (
	"testing"

	"github.com/peltonhq/pelton/sdk/go"
)

func TestLongDelaysAreGivenUp(t *testing.T) {
	of := func(delay string) pelton.Sample {
		return pelton.Sample{Key: []byte("BMI"), Payload: []byte(`{"delay":` + delay + `}`), Fields: map[string]pelton.Value{"delay": pelton.Number(delay)}}
	}
	results, err := pelton.Try("", of("480"), of("481"))
	if err != nil {
		t.Fatal(err)
	}
	if results[0].Verdict != pelton.Ack() || len(results[0].Emits) != 2 {
		t.Errorf("480 minutes: got %s and %d emits, want ack and 2", results[0].Verdict, len(results[0].Emits))
	}
	if want := pelton.Dead("a delay of 481 minutes is a typing error"); results[1].Verdict != want {
		t.Errorf("481 minutes: got %s, want %s", results[1].Verdict, want)
	}
}
