package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/engine/trial"
	"github.com/peltonhq/pelton/internal/tap"
)

// flightsAtRest is a wheel that reads 100 flights a second.
func flightsAtRest(t *testing.T, replace ...string) string {
	t.Helper()
	return example(t, append([]string{"path: flights.jsonl", "path: flights.jsonl\n      rate: 100/s"}, replace...)...)
}

// TestTapAndRecord looks at each kind of node, records a sample, and runs it through the plugin apart from the wheel.
func TestTapAndRecord(t *testing.T) {
	t.Parallel()
	w := start(t, flightsAtRest(t))
	tapped := func(node string, flags ...string) (all []tap.Document) {
		r := w.run(append([]string{"tap", node, "--limit", "3", "--json"}, flags...)...)
		if r.code != 0 {
			t.Fatalf("tap %s: %+v", node, r)
		}
		for line := range strings.Lines(r.out) {
			var s tap.Document
			decoded(t, line, &s)
			all = append(all, s)
		}
		if len(all) != 3 {
			t.Errorf("tap %s: %d lines", node, len(all))
		}
		return all
	}
	for node, id := range map[string]string{"flights": "source/flights", "delays.late": "plugin/delays.late", "airports": "session/airports", "sink/late": "sink/late"} {
		for _, s := range tapped(node) {
			if s.Node != id || s.Key == nil || s.Payload == nil || s.Decision != nil {
				t.Errorf("tap %s: %+v", node, s)
			}
		}
	}
	for _, s := range tapped("delays") {
		if s.Decision == nil || s.Verdict != "ack" || s.Revision != 1 || s.Attempt != 1 || len(s.Emits) == 0 || s.Took == 0 || s.Turn == 0 {
			t.Errorf("tap delays: %+v", s)
		}
	}
	if r := w.run("tap", "delays", "--limit", "2", "--key", "ORD"); strings.Count(r.out, "→ airports ORD") != 2 {
		t.Errorf("for people: %+v", r)
	}
	w.fails(1, []string{"did you mean"}, "tap", "flihts")
	w.fails(2, []string{"--rate"}, "tap", "flights", "--rate", "10")

	sample := filepath.Join(t.TempDir(), "sample.ndjson")
	if r := w.run("record", "flights", "--count", "20", "-o", sample); r.code != 0 || !strings.Contains(r.err, "recorded 20 messages") {
		t.Errorf("record: %+v", r)
	}
	messages, err := trial.ReadFile(sample)
	if err != nil || len(messages) != 20 {
		t.Fatalf("%d messages, %v", len(messages), err)
	}
	all := read(t, "../../examples/flights/flights.jsonl")
	for _, m := range messages {
		if !strings.Contains(all, string(m.Payload)+"\n") {
			t.Errorf("no such flight: %s", m.Payload)
		}
	}
	if r := w.run("record", "flights", "--for", "300ms", "--max-bytes", "1KiB", "-o", "-"); r.code != 0 || strings.Count(r.out, "\n") == 0 || len(r.out) > 4<<10 {
		t.Errorf("record to standard output: %+v", r)
	}
	w.fails(1, []string{"source/flihts"}, "record", "flihts", "-o", sample)
	if after, err := trial.ReadFile(sample); err != nil || len(after) != 20 {
		t.Errorf("a record that did not begin changed its file: %v", err)
	}
	w.stop()
}

// TestRecordAlone records a source that no wheel reads, and a wheel that starts afterwards reads all of it.
func TestRecordAlone(t *testing.T) {
	t.Parallel()
	config := example(t, "sources:", "api: {listen: '127.0.0.1:1'}\nsources:")
	sample := filepath.Join(t.TempDir(), "sample.ndjson")
	record := func(flags ...string) result {
		return finish(t, command(limited(t), append([]string{"record", "flights", "--config", config, "-o", sample}, flags...)...))
	}
	r := record("--count", "20")
	if r.code != 0 || !strings.Contains(r.err, "no wheel runs: source flights of "+config+" is read from its beginning\nrecorded 20 messages, ") {
		t.Errorf("%+v", r)
	}
	messages, err := trial.ReadFile(sample)
	if err != nil || len(messages) != 20 || !strings.HasSuffix(messages[0].ID, "/flights.jsonl/0") {
		t.Fatalf("%d messages, %v", len(messages), err)
	}
	all := strings.SplitAfter(read(t, "../../examples/flights/flights.jsonl"), "\n")
	for i, m := range messages {
		if string(m.Payload)+"\n" != all[i] {
			t.Errorf("message %d is %s, want %s", i, m.Payload, all[i])
		}
	}
	if r := record("--count", "0", "--key", "ORD", "--max-bytes", "1MiB"); r.code != 0 || !strings.Contains(r.err, "recorded 1095 messages, ") {
		t.Errorf("those of a key: %+v", r)
	}
	if r := record("--addr", "127.0.0.1:1"); r.code != 3 || !strings.Contains(r.err, "no wheel answers at 127.0.0.1:1") {
		t.Errorf("with an address: %+v", r)
	}
	if messages, err := trial.ReadFile(sample); err != nil || len(messages) != 1095 {
		t.Errorf("a record that did not begin changed its file: %v", err)
	}
	if r := finish(t, command(limited(t), "run", config, "--until-idle", "--json", "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0")); r.code != 0 || !strings.Contains(r.out, `"messages":20000`) {
		t.Errorf("a wheel after it: %+v", r)
	}
}

// TestTests runs the example's own cases, then with expectations that do not hold.
func TestTests(t *testing.T) {
	t.Parallel()
	if r := finish(t, command(limited(t), "test", "../../examples/flights/pelton.yaml")); r.code != 0 || strings.Count(r.out, "ok  ") != 4 {
		t.Errorf("%+v", r)
	}
	config := example(t, "late: 1, mean_delay", "late: 2, mean_delay")
	dir := filepath.Dir(config)
	if err := os.CopyFS(filepath.Join(dir, "tests"), os.DirFS("../../examples/flights/tests")); err != nil {
		t.Fatal(err)
	}
	edit(t, filepath.Join(dir, "tests", "delays.golden"), `"late":true`, `"late":false`)
	r := finish(t, command(limited(t), "test", config, "--json"))
	var outcomes []trial.Outcome
	decoded(t, r.out, &outcomes)
	if r.code != 1 || len(outcomes) != 4 || !outcomes[0].Passed || !outcomes[1].Passed {
		t.Fatalf("%+v", r)
	}
	if f := outcomes[2].Failures; len(f) == 0 || f[0].Lines[0] != "emits[0].payload.late: want false, got true" {
		t.Errorf("golden: %+v", f)
	}
	if f := outcomes[3].Failures; len(f) != 1 || f[0].Message != 2 || f[0].Lines[0] != "state.late: want 2, got 1" {
		t.Errorf("reducer: %+v", f)
	}
	if r := finish(t, command(limited(t), "test", config, "--update", "--run", "recorded")); r.code != 0 || !strings.Contains(r.out, "wrote") {
		t.Errorf("update: %+v", r)
	}
	if r := finish(t, command(limited(t), "test", config, "--run", "recorded")); r.code != 0 {
		t.Errorf("after the update: %+v", r)
	}
}
