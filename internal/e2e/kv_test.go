package e2e

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
)

// counting is a wheel whose plugin counts flights in its kv.
func counting(t *testing.T) string {
	t.Helper()
	paths := map[string]string{}
	for _, path := range []string{"../../examples/flights/flights.jsonl", "testdata/counts"} {
		var err error
		if paths[filepath.Base(path)], err = filepath.Abs(path); err != nil {
			t.Fatal(err)
		}
	}
	built(t, paths["counts"])
	return write(t, filepath.Join(t.TempDir(), "pelton.yaml"), strings.NewReplacer("FLIGHTS", paths["flights.jsonl"], "COUNTS", paths["counts"]).Replace(`
sources:
  flights:
    file: {path: FLIGHTS}
    decode: {format: json, key: origin}
plugins:
  counts:
    from: [flights]
    wasm: {path: COUNTS}
    instances: 2
    capabilities: {kv: {max_bytes: 1MiB}}
sessions:
  counts: {from: [counts.counts]}
`))
}

// TestKillKV kills a wheel ten times whose plugin counts in its kv. Snapshot n of an airport says n: no flight is counted
// twice or lost, no count is emitted twice or from a state that a kill took back (E1, S2).
func TestKillKV(t *testing.T) {
	t.Parallel()
	config := counting(t)
	r := reader{t: t, name: "counts"}
	killed(t, config, &r, 10, 1500)

	w := start(t, config)
	w.await("settled")
	want := map[string]int{}
	for airport, states := range flights(t).states {
		want[airport] = len(states)
	}
	r.read(w, flights(t).total-len(r.seen))
	last := map[string]uint64{}
	for _, d := range r.seen {
		if last[d.Key]++; d.ID != last[d.Key] || string(d.Payload) != strconv.FormatUint(d.ID, 10) {
			t.Fatalf("%s: snapshot %d says %s, want %d", d.Key, d.ID, d.Payload, last[d.Key])
		}
	}
	for airport, n := range want {
		if last[airport] != uint64(n) {
			t.Errorf("%s is at %d, want %d", airport, last[airport], n)
		}
	}
	w.until(func(s api.Stats) bool { return s.Settled })
	w.stop()
}
