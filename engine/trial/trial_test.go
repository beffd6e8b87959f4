package trial_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/engine"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/trial"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// late passes on the flights that are late, counts them in its state, and has an answer of each kind.
type late struct{}

func (late) Init([]byte) ([]pelton.Output, error) { return []pelton.Output{{Name: "late"}}, nil }

func (late) Handle(m *native.Message, out *native.Out) pelton.Verdict {
	field, ok := m.Field("delay")
	delay, err := field.Int()
	switch {
	case !ok || err != nil:
		return pelton.Dead("no delay")
	case delay == 7:
		panic("seven")
	case delay == 8:
		return pelton.Retry(2 * time.Second)
	case delay == 9:
		return pelton.Hold(time.Minute)
	case delay < 15:
		return pelton.Ack()
	}
	n := []byte("x")
	if old, ok := out.KV().Get([]byte("n")); ok {
		n = append(old, 'x')
	}
	out.KV().Put([]byte("n"), n)
	out.Emit("late", m.Key(), fmt.Appendf(nil, `{"delay":%d,"n":%d,"hour":%d}`, delay, len(n), m.Time().Hour()))
	return pelton.Ack()
}

// sum adds the numbers of a key.
type sum struct{}

func (sum) Init([]byte) error { return nil }

func (sum) Reduce(_, state, emit []byte) ([]byte, error) {
	if string(emit) == "0" {
		return nil, errors.New("zero is refused")
	}
	return append(state, emit...), nil
}

const base = `
sources:
  flights:
    demo: {}
    decode: {format: json, key: origin, fields: [delay], time: {field: at}}
plugins:
  late: {from: [flights], native: {name: late}, capabilities: {kv: {}}}
sessions:
  sums: {from: [late.late], reduce: {native: {name: sum}}}
`

func options() engine.Options {
	return engine.Options{Native: native.Registry{
		"late": native.Module("late", func() native.Plugin { return late{} }),
		"sum":  native.ReducerModule("sum", func() native.Reducer { return sum{} }),
	}}
}

func load(t *testing.T, dir, tests string) config.Config {
	t.Helper()
	c, err := config.Parse([]byte(base+tests), filepath.Join(dir, "pelton.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func run(t *testing.T, name string, messages ...trial.Message) []trial.Result {
	t.Helper()
	one, err := trial.Open(context.Background(), load(t, t.TempDir(), ""), options(), engine.Single{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	results, err := one.Run(context.Background(), messages)
	if err != nil {
		t.Error(err)
	}
	if err := one.Close(context.Background()); err != nil {
		t.Error(err)
	}
	return results
}

func payload(text string) trial.Message { return trial.Message{Payload: []byte(text)} }

// A message is decoded, and decided, as in the wheel.
func TestAPluginAnswers(t *testing.T) {
	t.Parallel()
	results := run(t, "late",
		payload(`{"origin":"ORD","delay":40,"at":"2001-01-01T17:00:00Z"}`),
		trial.Message{HasKey: true, Key: []byte("DTW"), Payload: []byte(`{"origin":"ORD","delay":41}`), Time: time.Date(2001, 1, 1, 5, 0, 0, 0, time.UTC)},
		payload(`{"delay":3}`), payload(`{"delay":"soon"}`), payload(`{"delay":7}`), payload(`{"delay":8}`), payload(`{"delay":9}`), payload(`{`),
	)
	var lines []string
	for i := range results {
		r := &results[i]
		parts := []string{r.Key, r.Verdict, r.Reason, r.After}
		for _, e := range r.Emits {
			parts = append(parts, e.Output+" "+*e.Key+" "+e.String())
		}
		lines = append(lines, strings.Join(parts, "|"))
	}
	want := []string{
		`ORD|ack|||late ORD {"delay":40,"n":1,"hour":17}`,
		`DTW|ack|||late DTW {"delay":41,"n":2,"hour":5}`,
		"|ack||", "|dead|no delay|", "|fault|trap: panic: seven|", "|retry||2s", "|hold||1m", "|bad|not JSON: ends too early at byte 1|",
	}
	for i := range max(len(lines), len(want)) {
		if i >= len(lines) || i >= len(want) || lines[i] != want[i] {
			t.Fatalf("message %d:\n%s\nwant\n%s", i+1, strings.Join(lines, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestAReducerKeepsTheStateOfEachKey(t *testing.T) {
	t.Parallel()
	emit := func(key, text string) trial.Message {
		return trial.Message{HasKey: true, Key: []byte(key), Payload: []byte(text)}
	}
	results := run(t, "session/sums", emit("a", "1"), emit("b", "2"), emit("a", "3"), emit("a", "0"), emit("a", "4"))
	var got []string
	for _, r := range results {
		state := r.Reason
		if r.State != nil {
			state = r.State.String()
		}
		got = append(got, r.Key+" "+r.Verdict+" "+state)
	}
	if text := strings.Join(got, ", "); text != "a ack 1, b ack 2, a ack 13, a refused zero is refused, a ack 134" {
		t.Error(text)
	}
}

func TestNoSuchPlugin(t *testing.T) {
	t.Parallel()
	_, err := trial.Open(context.Background(), load(t, t.TempDir(), ""), options(), engine.Single{Name: "lat"})
	if err == nil || !errors.Is(err, engine.ErrUsage) || !strings.Contains(err.Error(), "late") {
		t.Error(err)
	}
	_, err = trial.Open(context.Background(), load(t, t.TempDir(), ""), options(), engine.Single{Name: "late", Source: "fights"})
	if err == nil || !errors.Is(err, engine.ErrUsage) || !strings.Contains(err.Error(), "flights") {
		t.Error(err)
	}
}

// outcome runs the only case of a config.
func outcome(t *testing.T, c config.Config, update bool) trial.Outcome {
	t.Helper()
	return trial.Case(context.Background(), c, options(), &c.Tests[0], update)
}

const caseText = `
tests:
  - name: late ones are told
    plugin: late
    input:
      - {payload: {origin: ORD, delay: 40}}
      - {key: DTW, text: '{"delay": 3}'}
      - {payload: {delay: soon}}
    expect:
      - emits: [{output: late, key: ORD, payload: {n: 1, hour: 17, delay: 40}}]
      - {}
      - {verdict: dead, reason: delay}
`

func TestACasePassesAndFails(t *testing.T) {
	t.Parallel()
	at := `delay: 40, at: "2001-01-01T17:00:00Z"`
	good := strings.Replace(caseText, "delay: 40}}\n", at+"}}\n", 1)
	if r := outcome(t, load(t, t.TempDir(), good), false); !r.Passed || r.Messages != 3 {
		t.Errorf("%+v", r)
	}
	bad := strings.NewReplacer("n: 1", "n: 2", "- {}", "- {verdict: retry, emits: [{output: late}]}", "reason: delay", "reason: nobody").Replace(good)
	r := outcome(t, load(t, t.TempDir(), bad), false)
	want := []string{
		"emits[0].payload.n: want 2, got 1",
		"verdict: want retry, got ack", "emits[0]: want one to late, got none",
		"reason: want one with nobody, got no delay",
	}
	var got []string
	for _, f := range r.Failures {
		got = append(got, f.Lines...)
	}
	if r.Passed || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%+v\ngot  %q\nwant %q", r, got, want)
	}
}

const goldenText = `
tests:
  - {name: a recorded sample, plugin: late, sample: flights.ndjson, golden: tests/late.golden}
`

func TestAGoldenFileIsWrittenAndCompared(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := load(t, dir, goldenText)
	sample := filepath.Join(dir, "flights.ndjson")
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(sample, `{"key":"ORD","payload":{"delay":40,"at":"2001-01-01T17:00:00Z"}}`+"\n\n"+`{"payload_base64":"ew=="}`+"\n")
	if r := outcome(t, c, false); r.Passed || !strings.Contains(r.Error, "--update") {
		t.Errorf("without a golden file: %+v", r)
	}
	if r := outcome(t, c, true); !r.Passed || !r.Updated || r.Messages != 2 {
		t.Errorf("update: %+v", r)
	}
	if r := outcome(t, c, true); !r.Passed || r.Updated {
		t.Errorf("a second update: %+v", r)
	}
	if r := outcome(t, c, false); !r.Passed {
		t.Errorf("compared: %+v", r)
	}
	write(sample, `{"key":"ORD","payload":{"delay":41,"at":"2001-01-01T17:00:00Z"}}`+"\n"+`{"key":"ORD","payload":{"delay":3}}`+"\n")
	r := outcome(t, c, false)
	if r.Passed || len(r.Failures) != 2 || r.Failures[0].Lines[0] != "emits[0].payload.delay: want 40, got 41" || r.Failures[1].Lines[1] != "verdict: want bad, got ack" {
		t.Errorf("changed: %+v", r)
	}
	write(sample, `{"key":"ORD","payload":1,"payload_base64":""}`)
	if r := outcome(t, c, false); r.Passed || !strings.Contains(r.Error, "flights.ndjson:1: want exactly one of payload and payload_base64") {
		t.Errorf("a bad sample: %+v", r)
	}
}
