package main

import (
	"testing"

	"github.com/peltonhq/pelton/sdk/go"
)

func TestEnrich(t *testing.T) {
	flight := func(airport string, r *pelton.Response) pelton.Sample {
		return pelton.Sample{Payload: []byte(`{"origin":"` + airport + `"}`), Fields: map[string]pelton.Value{"origin": pelton.Text(airport)}, Response: r}
	}
	results, err := pelton.Try(`{"directory":"http://d/"}`,
		flight("ORD", nil),
		flight("ORD", &pelton.Response{Error: pelton.Timeout, Reason: "2s"}),
		flight("ORD", &pelton.Response{Status: 200, Body: []byte("Chicago")}),
		flight("ORD", nil),
		flight("XXX", &pelton.Response{Status: 404}),
	)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ verdict, line string }{
		{"await", ""}, {"retry(0s)", ""}, {"ack", `{"origin":"ORD","city":"Chicago"}`}, {"ack", `{"origin":"ORD","city":"Chicago"}`}, {"ack", `{"origin":"XXX","city":null}`},
	} {
		got := results[i]
		line := ""
		for _, e := range got.Emits {
			line += string(e.Payload)
		}
		if got.Verdict.String() != want.verdict || line != want.line {
			t.Errorf("sample %d: %v, %q; want %v, %q", i, got.Verdict, line, want.verdict, want.line)
		}
	}
	if r := results[0].Request; r == nil || r.URL != "http://d/ORD" {
		t.Errorf("request %+v", r)
	}
	if state := results[4].State; state["ORD"] != `"Chicago"` || state["XXX"] != "null" {
		t.Errorf("state %q", state)
	}
}
