package shadow_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/shadow"
)

func emit(payload string) []pelton.Emit {
	return []pelton.Emit{{Output: "out", Key: []byte("k"), Payload: []byte(payload)}}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	ack := func(payload string) shadow.Answer { return shadow.Answer{Verdict: pelton.Ack(), Emits: emit(payload)} }
	cases := map[string]struct {
		before, after           shadow.Answer
		verdicts, emits, errors uint64
	}{
		"the same":          {before: ack("1"), after: ack("1")},
		"another payload":   {before: ack("1"), after: ack("2"), emits: 1},
		"no emit":           {before: ack("1"), after: shadow.Answer{Verdict: pelton.Ack()}, emits: 1},
		"another verdict":   {before: shadow.Answer{Verdict: pelton.Ack()}, after: shadow.Answer{Verdict: pelton.Dead("x")}, verdicts: 1},
		"another reason":    {before: shadow.Answer{Verdict: pelton.Dead("y")}, after: shadow.Answer{Verdict: pelton.Dead("x")}, verdicts: 1},
		"another time":      {before: shadow.Answer{Verdict: pelton.Retry(1)}, after: shadow.Answer{Verdict: pelton.Retry(2)}},
		"emits of no ack":   {before: shadow.Answer{Verdict: pelton.Retry(1), Emits: emit("1")}, after: shadow.Answer{Verdict: pelton.Retry(1)}},
		"it failed":         {before: ack("1"), after: shadow.Answer{Fault: "trap: x"}, verdicts: 1, emits: 1, errors: 1},
		"both failed":       {before: shadow.Answer{Fault: "trap: y"}, after: shadow.Answer{Fault: "trap: x"}},
		"the old one fails": {before: shadow.Answer{Fault: "trap: y"}, after: ack("1"), verdicts: 1, emits: 1},
	}
	for name, c := range cases {
		var r shadow.Recorder
		r.Compare([]byte("key"), pelton.MessageID{}, &c.before, &c.after)
		got := r.Report()
		if got.Compared != 1 || got.Verdicts != c.verdicts || got.Emits != c.emits || got.Errors != c.errors {
			t.Errorf("%s: %+v", name, got)
		}
		if different := c.verdicts+c.emits+c.errors > 0; (got.Different == 1) != different || (len(got.Samples) == 1) != different {
			t.Errorf("%s: %d different, %d samples", name, got.Different, len(got.Samples))
		}
	}
}

// A report is bounded, whatever differs.
func TestReportIsBounded(t *testing.T) {
	t.Parallel()
	var r shadow.Recorder
	var many []pelton.Emit
	for range 100 {
		many = append(many, emit(string(make([]byte, 10_000)))...)
	}
	for range 100 {
		r.Compare([]byte("key"), pelton.MessageID{}, &shadow.Answer{Verdict: pelton.Ack(), Emits: many}, &shadow.Answer{Verdict: pelton.Ack()})
	}
	r.Skip(3)
	report := r.Report()
	if report.Different != 100 || report.Skipped != 3 || report.Rate() != 1 || len(report.Samples) != 20 {
		t.Errorf("%d different, %d skipped, %d samples", report.Different, report.Skipped, len(report.Samples))
	}
	if lines := report.Samples[0].OldEmits; len(lines) != 9 || lines[8] != "and 92 more" || len(lines[0]) > 210 {
		t.Errorf("%d lines of emits, the first of %d bytes", len(lines), len(lines[0]))
	}
}

// memory is a state in memory.
type memory map[string]string

func (m memory) Get(key []byte) ([]byte, bool, error) {
	v, ok := m[string(key)]
	return []byte(v), ok, nil
}

func (m memory) Next(prefix, after []byte) ([]byte, bool, error) {
	keys := []string{}
	for k := range m {
		if k > string(after) && len(k) >= len(prefix) && k[:len(prefix)] == string(prefix) {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, false, nil
	}
	return []byte(slices.Min(keys)), true, nil
}

func (m memory) Stage(changes []pelton.Change) uint64 {
	for _, c := range changes {
		if delete(m, string(c.Key)); !c.Delete {
			m[string(c.Key)] = string(c.Value)
		}
	}
	return uint64(time.Now().Unix())
}

func (memory) Room() (left, limit int64) { return 1 << 20, 1 << 20 }
func (memory) MaxKey() int               { return 100 }

func all(t *testing.T, s shadow.State) (pairs []string) {
	t.Helper()
	var after []byte
	for {
		key, ok, err := s.Next([]byte("k"), after)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return pairs
		}
		value, _, _ := s.Get(key)
		pairs, after = append(pairs, fmt.Sprintf("%s=%s", key, value)), key
	}
}

// The shadow's writes are its own, and it does not see the live version's.
func TestOverlay(t *testing.T) {
	t.Parallel()
	base := memory{"k1": "a", "k2": "b", "k3": "c", "other": "x"}
	o := shadow.NewOverlay(base, 100)
	o.Stage([]pelton.Change{{Key: []byte("k0"), Value: []byte("new")}, {Key: []byte("k2"), Delete: true}})
	o.Keep([]byte("k3"))
	o.Keep([]byte("k9"))
	base.Stage([]pelton.Change{{Key: []byte("k3"), Value: []byte("changed")}, {Key: []byte("k9"), Value: []byte("added")}})
	if got := all(t, o); !slices.Equal(got, []string{"k0=new", "k1=a", "k3=c"}) {
		t.Errorf("the shadow sees %q", got)
	}
	if got := all(t, base); !slices.Equal(got, []string{"k1=a", "k2=b", "k3=changed", "k9=added"}) {
		t.Errorf("the live version sees %q", got)
	}
	if left, limit := o.Room(); limit != 100 || left != 100-int64(len("k0newk2k3ck9")) {
		t.Errorf("%d of %d bytes are left", left, limit)
	}
}
