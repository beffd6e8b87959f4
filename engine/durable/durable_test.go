package durable_test

import (
	"slices"
	"testing"

	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/durable"
)

const text = `sources:
  lines: {file: {path: in.jsonl}}
  posts: {http: {}}
sessions:
  latest: {from: [lines]}
sinks:
  kept: {from: [posts], file: {path: out.jsonl}}
  seen: {from: [posts], stdout: {}}
`

func TestLines(t *testing.T) {
	for sync, want := range map[string][]string{
		"always": {"a kill loses no message; of sink seen (stdout) the last may come again; a full disk pauses the sources"},
		"off": {
			"a kill loses no message; of sink seen (stdout) the last may come again; a full disk pauses the sources",
			"a power cut may lose the newest of source posts (http), sessions, parked messages, dead letters and plugins",
		},
	} {
		c, err := config.Parse([]byte(text+"store: {sync: \""+sync+"\"}\n"), "c.yaml", nil)
		if err != nil {
			t.Fatal(err)
		}
		rows := durable.Of(&c)
		if got := durable.Lines(rows); !slices.Equal(got, want) {
			t.Errorf("sync %s: got %q\nwant %q", sync, got, want)
		}
		if len(rows) != 5 {
			t.Errorf("%d rows: %+v", len(rows), rows)
		}
		for _, r := range rows {
			if slices.Contains([]string{r.Box, r.Kill, r.Cut, r.Full, r.Away}, "") {
				t.Errorf("a row that does not say all: %+v", r)
			}
		}
	}
	c, err := config.Parse([]byte("sources: {a: {file: {path: x}}}\nsinks: {b: {from: [a], file: {path: y}}}\n"), "c.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := durable.Lines(durable.Of(&c)); !slices.Equal(got, []string{"a kill loses no message; a full disk pauses the sources"}) {
		t.Errorf("got %q", got)
	}
}
