package actortest

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

func (k Kit) testInit(t *testing.T) {
	m := load(t, k.Suite)
	if digest := m.Digest(); !strings.HasPrefix(digest, "sha256:") || len(digest) != len("sha256:")+64 {
		t.Errorf("digest %q, want sha256: and 64 hex digits", digest)
	}
	i := start(t, k.Suite, Env("{}"))
	want := []pelton.Output{{Name: "out", ContentType: "text/plain"}, {Name: "echo"}}
	if !slices.Equal(i.Outputs(), want) {
		t.Errorf("outputs %v, want %v", i.Outputs(), want)
	}
	if i.Reducer() {
		t.Error("the suite plugin is no reducer")
	}
	r := start(t, k.Reducer, Env("{}"))
	if len(r.Outputs()) != 0 || !r.Reducer() {
		t.Errorf("reducer: outputs %v, Reducer %v; want none and true", r.Outputs(), r.Reducer())
	}
	for _, fresh := range []func(testing.TB) actor.Module{k.Suite, k.Reducer} {
		_, err := load(t, fresh).Start(t.Context(), Env(`{"fail":"no such airport: é"}`))
		if err == nil || !strings.Contains(err.Error(), "no such airport: é") {
			t.Errorf("error %v, want the plugin's words", err)
		}
	}
}

func (k Kit) testVerdicts(t *testing.T) {
	i := start(t, k.Suite, Env("{}"))
	cases := []struct {
		payload string
		want    pelton.Verdict
	}{
		{"ack", pelton.Ack()},
		{"count", pelton.Ack()},
		{"retry 2s", pelton.Retry(2 * time.Second)},
		{"retry 0s", pelton.Retry(0)},
		{"dead too late: é", pelton.Dead("too late: é")},
		{"hold 30s", pelton.Hold(30 * time.Second)},
		{"retry 1s;ack", pelton.Ack()},
		{"ack;retry 1s;echo", pelton.Retry(time.Second)},
		{"fly home", pelton.Dead("unknown command fly")},
	}
	var payloads []string
	for _, c := range cases {
		payloads = append(payloads, c.payload)
	}
	turn := Turn(payloads...)
	if err := handle(t, i, turn); err != nil {
		t.Fatal(err)
	}
	for n, c := range cases {
		if got := turn.Outcomes[n]; got.Verdict != c.want || got.Fault != nil {
			t.Errorf("%q: %v, fault %v; want %v", c.payload, got.Verdict, got.Fault, c.want)
		}
	}
	before := time.Now()
	turn = Turn("defer 1h")
	if err := handle(t, i, turn); err != nil {
		t.Fatal(err)
	}
	v, after := turn.Outcomes[0].Verdict, time.Now()
	const slack = time.Second // a guest's clock may be coarse
	if v.Decision != pelton.DecisionDefer || v.Until.Before(before.Add(time.Hour-slack)) || v.Until.After(after.Add(time.Hour+slack)) {
		t.Errorf("defer 1h: %v, want an hour from %v", v, before)
	}
}

func (k Kit) testEmits(t *testing.T) {
	i := start(t, k.Suite, Env("{}"))
	turn := Turn("emit 3 5", "ack", "emit 1 0;emit 2 1000;retry 1s", "type image/png")
	if err := handle(t, i, turn); err != nil {
		t.Fatal(err)
	}
	if len(turn.Emits) != 7 {
		t.Fatalf("%d emits, want 7", len(turn.Emits))
	}
	at := []int{0, 0, 0, 2, 2, 2, 3}
	keys := []string{"0", "1", "2", "0", "0", "1", ""}
	payloads := []string{"aaaaa", "bbbbb", "ccccc", "", strings.Repeat("a", 1000), strings.Repeat("b", 1000), "typed"}
	for n, e := range turn.Emits {
		if e.Delivery != at[n] || string(e.Key) != keys[n] || string(e.Payload) != payloads[n] || e.Output != "out" {
			t.Errorf("emit %d: delivery %d, output %q, key %q, %d bytes; want %d, out, %q, %d bytes",
				n, e.Delivery, e.Output, e.Key, len(e.Payload), at[n], keys[n], len(payloads[n]))
		}
	}
	if e := turn.Emits[6]; e.ContentType != "image/png" || e.Key != nil {
		t.Errorf("content type %q, key %q; want image/png and no key", e.ContentType, e.Key)
	}
	if turn.Emits[0].ContentType != "" && turn.Emits[0].ContentType != "text/plain" {
		t.Errorf("content type %q, want that of the output", turn.Emits[0].ContentType)
	}
}

// testOwnership: the views are lent for the turn only; what came out stays (E1).
func (k Kit) testOwnership(t *testing.T) {
	i := start(t, k.Suite, Env("{}"))
	payload, key := []byte("echo;dead gone"), []byte("key")
	turn := Turn("", "")
	turn.Deliveries[0].View = pelton.Borrow(payload, key, &pelton.Meta{Lane: &lane, Attempt: 1}, nil, nil)
	turn.Deliveries[1].View = turn.Deliveries[0].View
	if err := handle(t, i, turn); err != nil {
		t.Fatal(err)
	}
	first := turn.Emits[0]
	clear(payload)
	clear(key)
	again := Turn("emit 60 900", "dead other")
	if err := handle(t, i, again); err != nil {
		t.Fatal(err)
	}
	for _, e := range append(slices.Clone(turn.Emits), first) {
		if string(e.Payload) != "echo;dead gone|key|1|-" || string(e.Key) != "key" {
			t.Errorf("an emit changed with its input: %q, key %q", e.Payload, e.Key)
		}
	}
	if r := turn.Outcomes[0].Verdict.Reason; r != "gone" {
		t.Errorf("a reason changed with its input: %q", r)
	}
	turn.Reset()
	turn.Deliveries = append(turn.Deliveries, again.Deliveries...)
	if err := handle(t, i, turn); err != nil {
		t.Fatal(err)
	}
	if string(first.Payload) != "echo;dead gone|key|1|-" {
		t.Errorf("an emit changed when its turn was used again: %q", first.Payload)
	}
}

func (k Kit) testMessage(t *testing.T) {
	i := start(t, k.Suite, Env("{}"))
	payload := []byte(`echo;log {"g":1,"f":"caf\u00e9","h":-2.5}`)
	at := func(part string) uint32 { return uint32(bytes.Index(payload, []byte(part))) }
	fields := map[string]pelton.Field{
		"text":    {Offset: at("log"), Length: 3, Kind: pelton.KindString},
		"number":  {Offset: at("-2.5"), Length: 4, Kind: pelton.KindNumber},
		"escaped": {Offset: at(`caf\u`), Length: uint32(len(`caf\u00e9`)), Kind: pelton.KindEscaped},
		"missing": {},
	}
	want := map[string]string{"text": "log", "number": "-2.5", "escaped": "café", "missing": "-"}
	for name, f := range inOrder(fields) {
		turn := Turn("")
		meta := &pelton.Meta{Lane: &lane, Position: 7}
		v := pelton.Borrow(payload, []byte("ORD"), meta, []pelton.Field{{}, f}, []string{"g", "f"})
		turn.Deliveries[0].View = v.WithAttempt(3, 1, time.Unix(1e9, 0))
		if err := handle(t, i, turn); err != nil {
			t.Fatal(err)
		}
		e := emitted(turn, 0)
		if len(e) != 1 || e[0].Output != "echo" || string(e[0].Payload) != string(payload)+"|ORD|3|"+want[name] || string(e[0].Key) != "ORD" {
			t.Errorf("%s: emits %q, want payload, key, attempt 3 and %q", name, e, want[name])
		}
	}
}

// testAfter: a delivery is offered only if the one before it is acked or dead (D3).
func (k Kit) testAfter(t *testing.T) {
	i := start(t, k.Suite, Env("{}"))
	const none = pelton.DecisionNone
	cases := map[string]pelton.Decision{
		"ack": pelton.DecisionAck, "dead x": pelton.DecisionAck, "retry 1s": none, "hold 1s": none, "defer 1s": none,
	}
	for head, want := range inOrder(cases) {
		turn := Turn(head, "ack", "emit 1 1", "emit 1 1")
		turn.Deliveries[2].After, turn.Deliveries[3].After = 0, 2
		if err := handle(t, i, turn); err != nil {
			t.Fatal(err)
		}
		acked(t, turn, 1)
		for n := 2; n <= 3; n++ {
			o, emits := turn.Outcomes[n], len(emitted(turn, n))
			if o.Fault != nil || o.Verdict.Decision != want || (emits == 1) != (want == pelton.DecisionAck) {
				t.Errorf("after %q: %v with %d emits, want %v", head, o.Verdict, emits, want)
			}
		}
	}
}

func (k Kit) testSizes(t *testing.T) {
	i := start(t, k.Suite, Env("{}"))
	if err := handle(t, i, Turn()); err != nil {
		t.Errorf("an empty turn: %v", err)
	}
	big := "log " + strings.Repeat("x", 1<<20) + ";ack"
	for _, payloads := range [][]string{{""}, slices.Repeat([]string{"emit 1 1"}, 64), slices.Repeat([]string{"ack"}, 3000), {big, "ack", big, big, big, "emit 1 9"}} {
		turn := Turn(payloads...)
		if err := handle(t, i, turn); err != nil {
			t.Fatalf("a turn of %d: %v", len(payloads), err)
		}
		for n := range payloads {
			if payloads[n] != "" {
				acked(t, turn, n)
			}
		}
	}
}

func (k Kit) testState(t *testing.T) {
	a, b := start(t, k.Suite, Env("{}")), start(t, k.Suite, Env("{}"))
	turn := Turn("count", "ack", "count")
	if err := handle(t, a, turn); err != nil {
		t.Fatal(err)
	}
	if one, three := only(t, turn, 0), only(t, turn, 2); one != "1" || three != "3" {
		t.Errorf("counts %s and %s, want 1 and 3", one, three)
	}
	turn = Turn("count")
	if err := handle(t, b, turn); err != nil {
		t.Fatal(err)
	}
	if one := only(t, turn, 0); one != "1" {
		t.Errorf("count %s, want 1: instances share nothing", one)
	}
}

func (k Kit) testHold(t *testing.T) {
	i := start(t, k.Suite, Env("{}"))
	turn := Turn("token;hold 1m")
	if err := handle(t, i, turn); err != nil {
		t.Fatal(err)
	}
	token := only(t, turn, 0)
	if want := actor.HoldToken("suite", &turn.Deliveries[0].View); token != want {
		t.Fatalf("token %q, want %q", token, want)
	}
	turn = Turn("ack", "settle "+token+" ack", "settle x/1 dead")
	if err := handle(t, i, turn); err != nil {
		t.Fatal(err)
	}
	want := []actor.Settlement{
		{Delivery: 1, Token: token, Verdict: pelton.Ack()},
		{Delivery: 2, Token: "x/1", Verdict: pelton.Dead("settled")},
	}
	if len(turn.Settlements) != len(want) {
		t.Fatalf("%d settlements, want %d", len(turn.Settlements), len(want))
	}
	for n, s := range turn.Settlements {
		if s.Delivery != want[n].Delivery || s.Token != want[n].Token || s.Verdict != want[n].Verdict {
			t.Errorf("settlement %d: %+v, want %+v", n, s, want[n])
		}
		if len(s.Emits) != 1 || string(s.Emits[0].Payload) != "settled" || s.Emits[0].Output != "out" {
			t.Errorf("settlement %d: emits %+v, want one", n, s.Emits)
		}
	}
}

func (k Kit) testLog(t *testing.T) {
	var mu sync.Mutex
	var lines []string
	env := Env("{}")
	env.Log = func(level, message string) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, level+" "+message)
	}
	i := start(t, k.Suite, env)
	if err := handle(t, i, Turn("log late again: é", "log two;ack")); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(lines, []string{"info late again: é", "info two"}) {
		t.Errorf("logged %q", lines)
	}
}
