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

func TestExactlyLateAfterIsWrong(t *testing.T) {
	for i, r := range try(t, "14", "15") {
		if want := 1 + i; r.Verdict != pelton.Ack() || len(r.Emits) != want {
			t.Errorf("%d minutes: got %s and %d emits, want ack and %d", 14+i, r.Verdict, len(r.Emits), want)
		}
	}
}
