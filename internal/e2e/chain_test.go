package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
)

const upstream = `
sources:
  flights: {demo: {count: 1500}, decode: {format: json, key: origin}}
sinks:
  next: {from: [flights], http: {url: "http://%s/v1/sources/flights", concurrency: 8, headers_file: {X-Pelton-Token: token}}}
`

const downstream = `
sources:
  flights: {http: {}, decode: {format: json}}
sinks:
  out: {from: [flights], file: {path: %s}}
`

// TestChain: one wheel posts to another, and is killed again and again. The other knows the ids of its effects by their
// Idempotency-Key, so each message comes once, and those of a key in order.
func TestChain(t *testing.T) {
	t.Parallel()
	there, here := t.TempDir(), t.TempDir()
	out := filepath.Join(there, "out.jsonl")
	second := start(t, write(t, filepath.Join(there, "pelton.yaml"), fmt.Sprintf(downstream, out)))
	write(t, filepath.Join(here, "token"), "hush\n")
	config := write(t, filepath.Join(here, "pelton.yaml"), fmt.Sprintf(upstream, second.http))
	r := random(t)
	for n := range 3 {
		w := start(t, config)
		target := uint64(n*450 + 1 + r.IntN(450))
		s := second.until(func(s api.Stats) bool { return s.Sources[0].Messages >= target })
		t.Logf("killed behind %d messages", s.Sources[0].Messages)
		w.kill()
	}
	w := start(t, config, "--until-idle")
	w.await("settled")
	w.exit()
	s := second.until(func(s api.Stats) bool { return s.Sources[0].Queue.Bytes == 0 && s.Sinks[0].Queued == 0 })
	second.stop()
	t.Logf("%d requests were known", s.Sources[0].Queue.Known)
	seen, last := map[int]bool{}, map[string]int{}
	for line := range strings.Lines(read(t, out)) {
		f := flight(t, line)
		if seen[f.Seq] || last[f.Origin] > f.Seq {
			t.Fatalf("flight %d of %s: there before: %t, behind %d", f.Seq, f.Origin, seen[f.Seq], last[f.Origin])
		}
		seen[f.Seq], last[f.Origin] = true, f.Seq
	}
	if len(seen) != 1500 || len(last) != 24 {
		t.Errorf("%d flights of %d airports", len(seen), len(last))
	}
}

// flight reads one of the demo source.
func flight(t *testing.T, line string) (f struct {
	Seq    int    `json:"seq"`
	Origin string `json:"origin"`
},
) {
	t.Helper()
	decoded(t, line, &f)
	return f
}
