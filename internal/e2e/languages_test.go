//go:build sdks

package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
)

// TestLanguages swaps the flights' plugin from Go to C to Rust to AssemblyScript and back while flights flow: nothing is lost or told twice.
func TestLanguages(t *testing.T) {
	config := example(t, "path: flights.jsonl", "path: flights.jsonl\n      rate: 2500/s", "    # config: ", "    health: {window: 1s}\n    # config: ")
	plugins := filepath.Join(filepath.Dir(delays))
	for _, name := range []string{"delays-c", "delays-rust", "delays-assemblyscript"} {
		built(t, filepath.Join(plugins, name))
	}
	w := start(t, config)
	r := reader{t: t, name: "airports"}
	for i, name := range []string{"delays-c", "delays-rust", "delays-assemblyscript", "delays"} {
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

// TestLanguageTemplates is the way of a new user: a project, a new plugin in each language, swapped in as it is.
func TestLanguageTemplates(t *testing.T) {
	project := filepath.Join(t.TempDir(), "project")
	run := func(args ...string) {
		t.Helper()
		if r := finish(t, command(limited(t), args...)); r.code != 0 {
			t.Fatalf("%v: %+v", args, r)
		}
	}
	run("init", project)
	config := filepath.Join(project, "pelton.yaml")
	edit(t, config, "rate: 5/s", "rate: 500/s", "sessions:\n", "  second: {from: [hello], wasm: {path: plugins/c}, health: {window: 1s}}\nsessions:\n  seconds: {from: [second]}\n")
	languages := []string{"c", "rust", "assemblyscript", "go"}
	for _, lang := range languages {
		run("plugin", "new", "a-"+lang, "--lang", lang, "--dir", filepath.Join(project, "plugins", lang))
	}
	run("check", config)
	w := start(t, config)
	r := reader{t: t, name: "seconds"}
	r.read(w, 50)
	for i, lang := range languages[1:] {
		var result api.SwapResult
		w.says(&result, "plugin", "swap", "second", filepath.Join(project, "plugins", lang))
		if result.Outcome != api.OutcomeLive || result.Revision != i+2 {
			t.Errorf("swap to %s: %+v", lang, result)
		}
		r.read(w, 50)
	}
	for _, s := range r.seen {
		if !strings.Contains(string(s.Bytes()), `"seq":`) {
			t.Fatalf("what passed on is %s", s.Bytes())
		}
	}
	w.stop()
	// What does not compile is told with the compiler's lines, and a wheel with it does not start.
	edit(t, filepath.Join(project, "plugins", "c", "a_c.c"), "return pelton_ack();", "return nothing();")
	if got := finish(t, command(limited(t), "check", config)); got.code == 0 || !strings.Contains(got.err, "a_c.c:7:9: error: implicit declaration of function 'nothing'") {
		t.Errorf("%+v", got)
	}
}
