package pelton

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// with registers a plugin for one test.
func with(t *testing.T, register func()) {
	t.Helper()
	old := registered
	registered = plugin{host: defaultHost}
	t.Cleanup(func() { registered = old })
	register()
}

func TestHandlerSeesTheSample(t *testing.T) {
	first := time.Date(2001, 1, 2, 3, 4, 5, 6, time.UTC)
	with(t, func() {
		Handle(func(m *Message, out *Out) Verdict {
			h, ok := m.Header("h")
			f, found := m.Field("f")
			_, lost := m.Field("g")
			out.Emit("", m.Key(), fmt.Appendf(nil, "%s %d %d %s %s %d %s %t %s %t %t %s %t", m.Payload(), m.Attempt(), m.Defers(),
				m.FirstSeen().Format(time.RFC3339Nano), m.ID(), m.Position(), h, ok, f, found, lost, m.HoldToken(), m.Time().IsZero()))
			return Ack()
		})
	})
	got, err := Try("", Sample{
		Key: []byte("k"), Payload: []byte(`{"f":12}`), Fields: map[string]Value{"f": Number("12")}, Headers: map[string]string{"h": "v"},
		Defers: 2, FirstSeen: first, Position: 9, ID: "id",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"f":12} 1 2 2001-01-02T03:04:05.000000006Z id 9 v true 12 true false id/1 true`
	if e := got[0].Emits[0]; string(e.Payload) != want || e.Output != "default" || string(e.Key) != "k" {
		t.Errorf("got %q\nwant %s", e, want)
	}
}

func TestEmitsAndSettlementsAreOwned(t *testing.T) {
	with(t, func() {
		buffer := []byte("one")
		Output("late", "text/plain")
		Handle(func(_ *Message, out *Out) Verdict {
			out.EmitAs("late", "text/html", nil, buffer)
			copy(buffer, "two")
			s := out.Settle("held/1", Dead("too old"))
			s.Emit("late", []byte("k"), buffer)
			copy(buffer, "xxx")
			return Hold(time.Minute)
		}, "other")
	})
	got, err := Try("", Sample{})
	if err != nil {
		t.Fatal(err)
	}
	r := got[0]
	if e := r.Emits[0]; string(e.Payload) != "one" || e.ContentType != "text/html" || e.Key != nil {
		t.Errorf("got %q", e)
	}
	if s := r.Settlements[0]; s.Token != "held/1" || s.Verdict != Dead("too old") || string(s.Emits[0].Payload) != "two" {
		t.Errorf("got %+v", s)
	}
	if r.Verdict != Hold(time.Minute) {
		t.Errorf("got %s", r.Verdict)
	}
}

func TestUndeclaredOutputIsAnError(t *testing.T) {
	with(t, func() {
		Handle(func(_ *Message, out *Out) Verdict {
			out.Emit("lte", nil, nil)
			return Ack()
		}, "late")
	})
	_, err := Try("", Sample{})
	if err == nil || err.Error() != `sample 0: emit to output "lte", which the plugin does not declare (it declares late)` {
		t.Errorf("got %v", err)
	}
}

func TestConfigStartsFromItsDefaultsEachTime(t *testing.T) {
	config := struct {
		Late int `json:"late"`
		Name string
	}{15, "x"}
	with(t, func() {
		Config(&config)
		Handle(func(_ *Message, out *Out) Verdict {
			out.Emit("", nil, fmt.Append(nil, config))
			return Ack()
		})
	})
	for in, want := range map[string]string{``: "{15 x}", `{"late":30}`: "{30 x}", `{"Name":"y"}`: "{15 y}"} {
		got, err := Try(in, Sample{})
		if err != nil || string(got[0].Emits[0].Payload) != want {
			t.Errorf("%s: got %+v, %v, want %s", in, got, err, want)
		}
	}
	for _, in := range []string{`{"lat":1}`, `{"late":"soon"}`, `[`} {
		if _, err := Try(in, Sample{}); err == nil || !strings.HasPrefix(err.Error(), "config: ") {
			t.Errorf("%s: got %v", in, err)
		}
	}
}

func TestStartRefuses(t *testing.T) {
	with(t, func() {
		Start(func() error { return errors.New("no such airport") })
		Handle(func(*Message, *Out) Verdict { return Ack() })
	})
	if _, err := Try("", Sample{}); err == nil || err.Error() != "no such airport" {
		t.Errorf("got %v", err)
	}
}

func TestReducerFolds(t *testing.T) {
	with(t, func() {
		Reduce(func(key, state, emit []byte) ([]byte, error) {
			if string(emit) == "bad" {
				return nil, errors.New("not this one")
			}
			return fmt.Appendf(nil, "%s%s%s", state, key, emit), nil
		})
	})
	got, err := TryReduce("", "k", []byte("1"), []byte("2"), []byte("bad"))
	if err == nil || err.Error() != "emit 2: not this one" || len(got) != 2 || string(got[1]) != "k1k2" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := Try("", Sample{}); err == nil {
		t.Error("a reducer was tried as a handler")
	}
}

func TestNothingRegistered(t *testing.T) {
	with(t, func() {})
	if _, err := Try(""); err == nil || !strings.Contains(err.Error(), "registers nothing") {
		t.Errorf("got %v", err)
	}
}

func TestASecondRegistrationPanics(t *testing.T) {
	with(t, func() { Handle(func(*Message, *Out) Verdict { return Ack() }) })
	defer func() {
		if recover() == nil {
			t.Error("a plugin became handler and reducer")
		}
	}()
	Reduce(func(_, _, _ []byte) ([]byte, error) { return nil, nil })
}

func TestVerdictString(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for want, v := range map[string]Verdict{
		"ack": Ack(), "retry(2s)": Retry(2 * time.Second).Because("busy"), "dead(no)": Dead("no"), "hold(1m0s)": Hold(time.Minute),
		"defer(2026-01-02T03:04:05Z)": Defer(at).AndPass(), "none": {},
	} {
		if got := v.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestValue(t *testing.T) {
	for want, v := range map[string]Value{
		"a\"b": {KindEscaped, []byte(`a\"b`)}, `x"y`: {KindQuoted, []byte(`x""y`)}, "plain": Text("plain"),
	} {
		if got := v.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for text, want := range map[string]int64{"0": 0, "-27": -27, "999999999999999999": 999999999999999999, "-9223372036854775808": -1 << 63} {
		if got, err := Number(text).Int(); err != nil || got != want {
			t.Errorf("%s: got %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "-", "1.5", "x", "9223372036854775808"} {
		if got, err := Number(text).Int(); err == nil {
			t.Errorf("%q is the number %d", text, got)
		}
	}
	if f, err := Number("-1.5e2").Float(); err != nil || f != -150 {
		t.Errorf("got %v, %v", f, err)
	}
}
