package dev

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/trial"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func put(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(path), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Only what a plugin is made of, and the config, is told, although the store and sinks lie beside them.
func TestWatcher(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"pelton.yaml", "plugins/a/main.go", "plugins/a/target/x", "plugins/b/src/lib.rs", "c.wasm"} {
		put(t, at(name))
	}
	w, err := newWatcher()
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	w.watch(at("pelton.yaml"), []subject{{"a", []string{at("plugins/a")}}, {"b", []string{at("plugins/b")}}, {"c", []string{at("c.wasm")}}})
	for _, c := range []struct {
		files   []string
		plugins []string
		config  bool
	}{
		{[]string{"late.jsonl", ".pelton/000001.log", "plugins/a/main.go"}, []string{"a"}, false},
		{[]string{"plugins/a/target/y", "plugins/b/src/lib.rs"}, []string{"b"}, false},
		{[]string{"plugins/b/src/deep/new.rs"}, []string{"b"}, false},
		{[]string{"plugins/b/src/deep/new.rs"}, []string{"b"}, false},
		{[]string{"d.wasm", "c.wasm"}, []string{"c"}, false},
		{[]string{"pelton.yaml", "plugins/a/main.go"}, []string{"a"}, true},
	} {
		for _, name := range c.files {
			put(t, at(name))
		}
		var plugins []string
		file := false
		for len(plugins) == 0 || c.config && !file { // the last file of a row is one that is told
			more, isFile := w.gather(context.Background(), <-w.changed)
			plugins, file = append(plugins, more...), file || isFile
		}
		slices.Sort(plugins)
		if plugins = slices.Compact(plugins); !slices.Equal(plugins, c.plugins) || file != c.config {
			t.Errorf("%q: %q, %v", c.files, plugins, file)
		}
	}
}

func TestChange(t *testing.T) {
	t.Parallel()
	emit := func(output, payload string) trial.Emit {
		return trial.Emit{Output: output, Body: trial.BodyOf([]byte(payload))}
	}
	before := []trial.Result{
		{Verdict: "ack", Emits: []trial.Emit{emit("a", "1")}}, {Verdict: "ack"}, {Verdict: "ack", Emits: []trial.Emit{emit("a", "2")}}, {Verdict: "retry"},
	}
	after := []trial.Result{
		{Verdict: "ack", Emits: []trial.Emit{emit("a", "1")}}, {Verdict: "ack", Emits: []trial.Emit{emit("b", "1")}}, {Verdict: "dead"}, {Verdict: "dead"},
	}
	var c Change
	c.count(before, after)
	if c.Messages != 4 || c.Changed != 3 || len(c.Examples) != 3 || c.Examples[0].Message != 2 {
		t.Errorf("%+v", c)
	}
	if want := []Count{{"ack", "dead", 1}, {"retry", "dead", 1}}; !reflect.DeepEqual(c.Verdicts, want) {
		t.Errorf("%+v", c.Verdicts)
	}
	if want := []Emits{{"a", 2, 1}, {"b", 0, 1}}; !reflect.DeepEqual(c.Outputs, want) {
		t.Errorf("%+v", c.Outputs)
	}
}

// Dev judges versions at once and has room for its taps, and leaves the config that it was given as it was.
func TestEager(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.Plugins["a"] = config.DefaultPlugin()
	reduce := config.DefaultReduce()
	c.Sessions["s"] = config.Session{From: []string{"a", "a.b", "x"}, Reduce: &reduce}
	c.Sources["x"] = config.Source{}
	e := eager(c)
	if e.Plugins["a"].Health.MinSamples != 1 || e.Sessions["s"].Reduce.Health.Window.Std() != window || e.Limits.Taps != c.Limits.Taps+room {
		t.Errorf("%+v", e)
	}
	if c.Plugins["a"].Health != config.DefaultPlugin().Health || reduce.Health != config.DefaultReduce().Health {
		t.Error("the config was changed")
	}
	if got := nodesOf(&c, c.Sessions["s"].From); !slices.Equal(got, []string{"plugin/a.default", "plugin/a.b", "source/x"}) {
		t.Errorf("%q", got)
	}
}
