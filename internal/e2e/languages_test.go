//go:build sdks

package e2e

import (
	"path/filepath"
	"testing"

	"github.com/peltonhq/pelton/api"
)

// TestLanguages swaps the flights' plugin from Go to C to Rust and back while flights flow: nothing is lost or told twice.
func TestLanguages(t *testing.T) {
	config := example(t, "path: flights.jsonl", "path: flights.jsonl\n      rate: 2500/s", "    # config: ", "    health: {window: 1s}\n    # config: ")
	plugins := filepath.Join(filepath.Dir(delays))
	for _, name := range []string{"delays-c", "delays-rust"} {
		built(t, filepath.Join(plugins, name))
	}
	w := start(t, config)
	r := reader{t: t, name: "airports"}
	for i, name := range []string{"delays-c", "delays-rust", "delays"} {
		r.read(w, 300)
		var result api.SwapResult
		w.says(&result, "plugin", "swap", "delays", filepath.Join(plugins, name))
		if result.Outcome != api.OutcomeLive || result.Revision != i+2 {
			t.Errorf("swap to %s: %+v", name, result)
		}
		stats, err := w.client().Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if at, size := watermark(t, stats); at >= size {
			t.Errorf("the swap to %s came when everything was done", name)
		}
	}
	if f := w.await("settled").Figures; f.Messages != 20_000 || f.Sinks["late"] != 4349 || f.Dead+f.Parked != 0 {
		t.Errorf("settled with %+v", f)
	}
	r.read(w, 20_000-len(r.seen))
	flights(t).snapshots(t, r.seen, always)
	flights(t).sink(t, read(t, filepath.Join(w.dir(), "late.jsonl")))
	w.stop()
}
