//go:build sdks

package wasm_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/actortest"
)

// foreign are the languages other than Go that the suite is written in. .ci/steps/60-sdks.sh installs their compilers.
var foreign = []string{"c", "rust", "assemblyscript"}

func TestLanguagesConform(t *testing.T) {
	for _, lang := range foreign {
		t.Run(lang, func(t *testing.T) { conform(t, "testdata/"+lang, copied) })
	}
}

// What the kit has no command for: the texts and headers of a message, one of them longer than a first buffer.
func TestLanguagesMetaOnDemand(t *testing.T) {
	for _, lang := range foreign {
		n := start(t, load(t, guest(t, "testdata/"+lang+"/suite")), patient())
		meta := &pelton.Meta{
			Lane: &pelton.LaneID{Source: "s", Incarnation: "i", Lane: strings.Repeat("long", 100)}, Position: 7, Attempt: 3,
			Trace: "00-1-2-01", Headers: []pelton.Header{{Name: "h", Value: strings.Repeat("é", 200)}},
		}
		turn := &actor.Turn{Deliveries: []actor.Delivery{{View: pelton.Borrow([]byte("about"), nil, meta, nil, nil), After: -1}}}
		turn.Begin(actor.DefaultOutput)
		if err := n.Handle(t.Context(), turn); err != nil {
			t.Fatal(err)
		}
		want := strings.Join([]string{meta.MessageID().String(), "s", meta.Lane.Lane, meta.Headers[0].Value, "00-1-2-01"}, "|")
		if got := string(turn.Emits[0].Payload); got != want {
			t.Errorf("%s: got %s, want %s", lang, got, want)
		}
	}
}

// What the kit has no command for: a header of a response by its name, in whatever case.
func TestLanguagesFindHeaders(t *testing.T) {
	for _, lang := range foreign {
		env := patient()
		env.KV, env.HTTP = new(actortest.KV), true
		n := start(t, load(t, guest(t, "testdata/"+lang+"/capable")), env)
		response := &pelton.Response{Status: 200, Headers: []pelton.Header{{Name: "X-Long", Value: "no"}, {Name: "x-lo", Value: "a: b"}, {Name: "X-Lo", Value: "c"}, {Name: "Empty"}}}
		for name, want := range map[string]string{"X-LO": "a: b", "x-long": "no", "X-": "-", "X-Longer": "-"} {
			turn := batch(actor.DefaultOutput, "header "+name)
			turn.Deliveries[0].Response = response
			if err := n.Handle(t.Context(), turn); err != nil {
				t.Fatal(err)
			}
			if got := string(turn.Emits[0].Payload); got != want {
				t.Errorf("%s: header %s is %q, want %q", lang, name, got, want)
			}
		}
	}
}

// many is a state of many keys, read-only.
type many struct {
	actortest.KV
	keys []string // in order
}

func (m *many) Next(_, after []byte) (key []byte, ok bool, err error) {
	i, found := slices.BinarySearch(m.keys, string(after))
	if found {
		i++
	}
	if i == len(m.keys) {
		return nil, false, nil
	}
	return []byte(m.keys[i]), true, nil
}

// A walk over keys takes no more memory than the keys: nothing of a buffer for each stays.
func TestLanguagesWalkManyKeys(t *testing.T) {
	state := new(many)
	for i := range 100_000 {
		state.keys = append(state.keys, fmt.Sprintf("%07d", i))
	}
	for _, lang := range foreign {
		env := patient()
		env.KV, env.HTTP = state, true
		n := start(t, load(t, guest(t, "testdata/"+lang+"/capable")), env)
		turn := batch(actor.DefaultOutput, "keys ")
		if err := n.Handle(t.Context(), turn); err != nil {
			t.Fatalf("%s: %v", lang, err)
		}
		if got := string(turn.Emits[0].Payload); got != strings.Join(state.keys, "+") {
			t.Errorf("%s: the keys are %d bytes, want %d", lang, len(got), 8*len(state.keys)-1)
		}
		if n.Memory() > 20<<20 {
			t.Errorf("%s: memory is %d bytes", lang, n.Memory())
		}
	}
}

// Each says in its own way why it ends, and why it does not start.
func TestLanguagesSayWhy(t *testing.T) {
	words := map[string]string{
		"c": "panic: the suite's trap", "rust": "panic: the suite's trap (src/lib.rs:", "assemblyscript": "panic: the suite's trap (assembly/index.ts:",
	}
	for _, lang := range foreign {
		m := load(t, guest(t, "testdata/"+lang+"/suite"))
		n := start(t, m, patient())
		if f := fault(t, n.Handle(t.Context(), batch(actor.DefaultOutput, "trap"))); f.Kind != actor.FaultTrap || !strings.HasPrefix(f.Err.Error(), words[lang]) {
			t.Errorf("%s: got %v, want %s", lang, f, words[lang])
		}
		for config, words := range map[string]string{
			`{"fail":"a \"b\" caf\u00e9"}`:          `the plugin refused to start: a "b" café`,
			`{"fial":"x"}`:                          `the plugin refused to start: config: unknown key "fial"`,
			`{"fail":3}`:                            `the plugin refused to start: config: "fail" wants a text`,
			`{"fail":"","deep":{"a":["}",1,null]}}`: `the plugin refused to start: config: unknown key "deep"`,
		} {
			if _, err := m.Start(t.Context(), actor.Env{Config: []byte(config)}); err == nil || err.Error() != words {
				t.Errorf("%s: %s: got %v, want %s", lang, config, err, words)
			}
		}
	}
}

// field is a message whose payload is a command and, quoted, the field f.
func field(command, raw string, kind pelton.Kind) *actor.Turn {
	payload := []byte(command + ";log " + raw)
	at := pelton.Field{Offset: uint32(len(payload) - len(raw)), Length: uint32(len(raw)), Kind: kind}
	turn := &actor.Turn{Deliveries: []actor.Delivery{{View: pelton.Borrow(payload, nil, &pelton.Meta{Attempt: 1}, []pelton.Field{at}, []string{"f"}), After: -1}}}
	turn.Begin(actor.DefaultOutput)
	return turn
}

func TestLanguagesReadValues(t *testing.T) {
	rows := []struct {
		raw  string
		kind pelton.Kind
		want string
	}{
		{"0", pelton.KindNumber, "0|0|0"},
		{"-17", pelton.KindNumber, "-17|-17000|-17"},
		{"2.25", pelton.KindNumber, "-|2250|2.25"},
		{"-1.5e2", pelton.KindNumber, "-|-150000|-1.5e2"},
		{"12E-1", pelton.KindNumber, "-|1200|12E-1"},
		{"9223372036854775807", pelton.KindNumber, "9223372036854775807|"},
		{"-9223372036854775808", pelton.KindNumber, "-9223372036854775808|"},
		{"9223372036854775808", pelton.KindNumber, "-|"},
		{"12345678901234567890123e-20", pelton.KindNumber, "-|123457|12345678901234567890123e-20"},
		{"plain", pelton.KindString, "-|-|plain"},
		{`a\"\\\/\b\f\n\r\t\u00e9\u20ac\ud83d\ude00`, pelton.KindEscaped, "-|-|a\"\\/\b\f\n\r\té€😀"},
		{`x\ud83dy`, pelton.KindEscaped, "-|-|x\ufffdy"},
		{`say ""hi""`, pelton.KindQuoted, `-|-|say "hi"`},
		{"", pelton.KindString, "-|-|"},
	}
	for _, lang := range foreign {
		n := start(t, load(t, guest(t, "testdata/"+lang+"/suite")), patient())
		for _, row := range rows {
			turn := field("value", row.raw, row.kind)
			if err := n.Handle(t.Context(), turn); err != nil {
				t.Fatalf("%s: %v", lang, err)
			}
			got := string(turn.Emits[0].Payload)
			begins := row.kind == pelton.KindNumber && strings.HasSuffix(row.want, "|") && strings.HasPrefix(got, row.want)
			if got != row.want && !begins {
				t.Errorf("%s: %s: got %q, want %q", lang, row.raw, got, row.want)
			}
		}
		turn := batch(actor.DefaultOutput, "again", "later")
		if err := n.Handle(t.Context(), turn); err != nil {
			t.Fatal(err)
		}
		again, later := turn.Outcomes[0].Verdict, turn.Outcomes[1].Verdict
		if again.Decision != pelton.DecisionRetry || again.After != time.Second || again.Reason != "busy" || again.Pass {
			t.Errorf("%s: again: %+v", lang, again)
		}
		if later.Decision != pelton.DecisionDefer || !later.Until.Equal(time.Unix(3600, 0)) || !later.Pass {
			t.Errorf("%s: later: %+v", lang, later)
		}
	}
}

func TestCWritesText(t *testing.T) {
	n := start(t, load(t, guest(t, "testdata/c/suite")), patient())
	rows := []struct{ command, raw, want string }{
		{"fixed", "-2.375", "-2.38"}, {"fixed", "0.004", "0.00"}, {"fixed", "19.999", "20.00"}, {"fixed", "7", "7.00"},
		{"json", "a\"b\\c\x01\n é", `"a\"b\\c\u0001\u000a é"`}, {"json", "", `""`},
	}
	for _, row := range rows {
		turn := field(row.command, row.raw, pelton.KindString)
		if err := n.Handle(t.Context(), turn); err != nil {
			t.Fatal(err)
		}
		if got := string(turn.Emits[0].Payload); got != row.want {
			t.Errorf("%s of %q: got %s, want %s", row.command, row.raw, got, row.want)
		}
	}
}

// A window is not zeroed or made anew for nothing: after the largest message memory stays where it is.
func TestLanguagesKeepTheirMemory(t *testing.T) {
	for _, lang := range foreign {
		n := start(t, load(t, guest(t, "testdata/"+lang+"/suite")), patient())
		turn := func() {
			for _, size := range []int{1 << 20, 10, 1 << 18} {
				turn := batch(16<<20, "echo;log "+strings.Repeat("x", size))
				if err := n.Handle(t.Context(), turn); err != nil || len(turn.Emits) != 1 {
					t.Fatalf("%s: %d emits, %v", lang, len(turn.Emits), err)
				}
			}
		}
		turn()
		turn()
		before := n.Memory()
		for range 5 {
			turn()
		}
		if after := n.Memory(); after != before || after > 32<<20 {
			t.Errorf("%s: memory went from %d to %d bytes", lang, before, after)
		}
	}
}

// delays in other languages does exactly what delays does, on all flights.
func TestLanguagesOfTheExample(t *testing.T) {
	emits := func(name, config string) string {
		env := patient()
		env.Config = []byte(config)
		n := start(t, load(t, guest(t, example+"plugins/"+name)), env)
		var all bytes.Buffer
		for _, turn := range turnsOf(t) {
			if err := n.Handle(t.Context(), turn); err != nil {
				t.Fatal(err)
			}
			for _, e := range turn.Emits {
				fmt.Fprintf(&all, "%d %s %s %s\n", e.Delivery, e.Output, e.Key, e.Payload)
			}
		}
		return all.String()
	}
	for _, config := range []string{`{}`, `{"late_after": 60}`} {
		want := emits("delays", config)
		for _, name := range []string{"delays-c", "delays-rust", "delays-assemblyscript"} {
			if got := emits(name, config); got != want || !strings.Contains(want, " late ") {
				t.Errorf("%s with %s emits other things than delays", name, config)
			}
		}
	}
}
