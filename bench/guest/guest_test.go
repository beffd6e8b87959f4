package guest

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/wasm"
	"github.com/peltonhq/pelton/bench/measure"
)

// The guests of all languages that can be built here do the same.
func TestAgree(t *testing.T) {
	dir, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	o := &measure.Options{Log: t.Output(), Dir: dir + "/pelton-bench", Tree: "../.."}
	all, err := All(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	runtime, err := wasm.New(t.Context(), wasm.Options{CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = runtime.Close(context.Background()) }()
	for _, g := range all {
		t.Run(g.Language, func(t *testing.T) {
			if g.Absent != "" {
				t.Log(g.Absent) // the tables say so too
				return
			}
			artifact, err := os.ReadFile(g.Path)
			if err != nil {
				t.Fatal(err)
			}
			m, err := runtime.Load(t.Context(), artifact)
			if err != nil {
				t.Fatal(err)
			}
			head, tail := bytes.Repeat([]byte{2}, 100), bytes.Repeat([]byte{2}, 100)
			head[3]++
			tail[80]++
			for op, want := range map[string]string{"noop": "ack ack", "head": "retry ack", "sum": "retry retry"} {
				if got := verdicts(t, m, op, string(head), string(tail)); got != want {
					t.Errorf("%s: %s, want %s", op, got, want)
				}
			}
			filter(t, m)
		})
	}
}

func start(t *testing.T, m actor.Module, op string) actor.Instance {
	t.Helper()
	i, err := m.Start(t.Context(), actor.Env{
		Plugin: op, Config: []byte(`{"op":"` + op + `"}`), Log: func(string, string) {},
		Limits: actor.Limits{Memory: actor.DefaultMemory, Time: int64(actor.DefaultTime), Output: actor.DefaultOutput},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Close(context.Background()) })
	return i
}

func turn(payloads ...string) *actor.Turn {
	t := new(actor.Turn)
	lane := &pelton.LaneID{Source: "s", Incarnation: "i", Lane: "l"}
	for _, p := range payloads {
		at := strings.Index(p, `"value":`) + len(`"value":`)
		field := pelton.Field{Offset: uint32(at), Length: uint32(strings.IndexAny(p[at:]+",", ",}")), Kind: pelton.KindNumber}
		view := pelton.Borrow([]byte(p), nil, &pelton.Meta{Lane: lane, Attempt: 1}, []pelton.Field{field}, []string{"value"})
		t.Deliveries = append(t.Deliveries, actor.Delivery{View: view, After: -1})
	}
	t.Begin(actor.DefaultOutput)
	return t
}

func verdicts(t *testing.T, m actor.Module, op string, payloads ...string) string {
	t.Helper()
	turn := turn(payloads...)
	if err := start(t, m, op).Handle(t.Context(), turn); err != nil {
		t.Fatal(err)
	}
	var all []string
	for i := range turn.Outcomes {
		all = append(all, turn.Outcomes[i].Verdict.Decision.String())
	}
	return strings.Join(all, " ")
}

func filter(t *testing.T, m actor.Module) {
	t.Helper()
	turn := turn(`{"value":50,"a":1}`, `{"value":50.01,"a":2}`, `{"a":3,"value":99.5}`, `{"a":4,"value":7}`, `{"value":51}`)
	if err := start(t, m, "filter").Handle(t.Context(), turn); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range turn.Emits {
		all = append(all, string(e.Payload))
	}
	want := `{"value":50.01,"a":2,"level":"high"} {"a":3,"value":99.5,"level":"high"} {"value":51,"level":"high"}`
	if got := strings.Join(all, " "); got != want {
		t.Errorf("filter: %s", got)
	}
}
