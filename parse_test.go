package pelton_test

import (
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
)

// word is one kind of value with a text form.
type word struct {
	parse func(string) (any, string, error) // the value and its String
	good  []string                          // canonical texts
	bad   []string
}

func parser[T interface{ String() string }](parse func(string) (T, error)) func(string) (any, string, error) {
	return func(s string) (any, string, error) {
		v, err := parse(s)
		return v, v.String(), err
	}
}

var words = map[string]word{
	"ref": {
		parser(pelton.ParseRef),
		[]string{"0.1", "7.1", "4294967295.4294967295"},
		[]string{"", ".", "7", "7.", ".1", "7.0", "07.1", "7.01", "+7.1", "7.-1", "4294967296.1", "7.4294967296", "7.1.1", " 7.1", "a.b"},
	},
	"cursor": {
		parser(pelton.ParseCursor),
		[]string{"1:0", "1764000000000000:42", "@1764000000000000:42", "18446744073709551615:18446744073709551615"},
		[]string{"", ":", "@", "1", "0:1", "@0:1", "1:", ":1", "01:1", "1:01", "@@1:1", "1:1:1", "1:-1", "1:18446744073709551616", "1:1 "},
	},
	"lane": {
		parser(pelton.ParseLaneID),
		[]string{"flights/3f2a/flights.jsonl", "a%2Fb/%2F/c%20d", "%FF/%25/%3E"},
		[]string{"", "a", "a/b", "a/b/", "/b/c", "a//c", "a/b/c/d", "a/b/%zz", "a/b/%41", "a/b/c d", "a/b/%2f"},
	},
	"message": {
		parser(pelton.ParseMessageID),
		[]string{"s/i/l/0", "s/i/l/18446744073709551615", "s/i/l/7/delays#0", "s/i/l/7/delays#0/late#12", "s%2F/i/l/7"},
		[]string{"", "s/i/l", "s/i/l/", "s/i/l/x", "s/i/l/-1", "s/i/l/07", "s/i/l/7/", "s/i/l/7/delays", "s/i/l/7/#0", "s/i/l/7/delays#", "s/i/l/7/delays#01", "s/i/l/7/delays#-1", "s/i/l/7/delays#0/", "s/i//7"},
	},
	"target": {
		parser(pelton.ParseTarget),
		[]string{"plugin/delays", "session/airports", "sink/late"},
		[]string{"", "/", "plugin", "plugin/", "/late", "target/invalid", "Sink/late", "sinks/late"},
	},
	"effect": {
		parser(pelton.ParseEffectID),
		[]string{"s/i/l/7>plugin/delays", "s/i/l/7/delays#0>session/airports", "s%3E/i/l/7>sink/late"},
		[]string{"", ">", "s/i/l/7", "s/i/l/7>", ">sink/late", "s/i/l/7>late", "s/i/l>sink/late", "s/i/l/7>sink/a>sink/b"},
	},
	"verdict": {
		parser(pelton.ParseVerdict),
		[]string{
			"ack", "retry(0s)", "retry(2s)", "retry(1h0m0.5s)", "hold(30s)", "dead()", "dead(no (such) airport)",
			"defer(2026-01-02T03:04:05Z)", "defer(2026-01-02T03:04:05.000000001Z)",
		},
		[]string{
			"", "none", "invalid", "Ack", "ack()", "ack ", "retry", "retry()", "retry(2)", "retry(-1s)", "retry(2s", "hold(x)",
			"defer", "defer(tomorrow)", "defer(2026-01-02)", "dead", "drop(1)", "none()",
			"defer(9999-12-31T23:59:59-01:00)", "defer(0000-01-01T00:00:00+01:00)", // not a year of four digits in UTC
		},
	},
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, word := range words {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, text := range word.good {
				if _, got, err := word.parse(text); err != nil || got != text {
					t.Errorf("%q is read as %q, %v", text, got, err)
				}
			}
			for _, text := range word.bad {
				v, _, err := word.parse(text)
				if err == nil {
					t.Errorf("%q is read as %#v", text, v)
				} else if text != "" && !strings.Contains(err.Error(), text) {
					t.Errorf("the error on %q does not name it: %v", text, err)
				}
			}
		})
	}
}

// FuzzParse: what is read is written as it was, but for a verdict's duration and time, which have one canonical form;
// the value read back is always the same.
func FuzzParse(f *testing.F) {
	for _, word := range words {
		for _, text := range append(word.good, word.bad...) {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, word := range words {
			v, written, err := word.parse(text)
			if err != nil {
				continue
			}
			again, rewritten, err := word.parse(written)
			if err != nil || again != v || rewritten != written {
				t.Errorf("%s %q: %#v is written %q and read back as %#v, %v", name, text, v, written, again, err)
			}
			if name != "verdict" && written != text {
				t.Errorf("%s %q is written %q", name, text, written)
			}
		}
	})
}

// FuzzString: every valid value is read back from its text.
func FuzzString(f *testing.F) {
	f.Add("flights", "3f2a", "flights.jsonl", uint64(7), uint32(1), int64(5))
	f.Add("a/b", "%", ">", uint64(0), uint32(0), int64(-1))
	f.Fuzz(func(t *testing.T, a, b, c string, n uint64, m uint32, d int64) {
		lane := pelton.LaneID{Source: a, Incarnation: b, Lane: c}
		same(t, lane, lane.Valid(), pelton.ParseLaneID)
		message := pelton.MessageID{Lane: lane, Position: n}
		child := message.Emitted("delays", int(m)).Emitted("late", 0)
		same(t, message, lane.Valid(), pelton.ParseMessageID)
		same(t, child, lane.Valid(), pelton.ParseMessageID)
		for kind := range pelton.TargetSink + 2 {
			target := pelton.Target{Kind: kind, Name: a}
			same(t, target, target.Valid(), pelton.ParseTarget)
			valid := target.Valid() && lane.Valid() && !strings.Contains(a, ">")
			if valid {
				same(t, child.To(target), true, pelton.ParseEffectID)
			}
		}
		ref := pelton.Ref{Index: m, Generation: uint32(n)}
		same(t, ref, ref.Valid(), pelton.ParseRef)
		for _, log := range []bool{false, true} {
			cursor := pelton.Cursor{Epoch: n, ID: uint64(m), Log: log}
			same(t, cursor, cursor.Valid(), pelton.ParseCursor)
		}
		same(t, pelton.Retry(time.Duration(d)), d >= 0, pelton.ParseVerdict)
		same(t, pelton.Hold(time.Duration(d)), d >= 0, pelton.ParseVerdict)
		same(t, pelton.Dead(a), true, pelton.ParseVerdict)
		same(t, pelton.Defer(time.Unix(0, d).UTC()), true, pelton.ParseVerdict)
	})
}

// same checks that a valid value survives its text, and that an invalid one has none that is accepted.
func same[T interface {
	comparable
	String() string
}](t *testing.T, v T, valid bool, parse func(string) (T, error)) {
	t.Helper()
	got, err := parse(v.String())
	if valid && (err != nil || got != v) {
		t.Errorf("%#v is written %q and read as %#v, %v", v, v, got, err)
	}
	if !valid && err == nil {
		t.Errorf("%#v is not valid, but %q is read as %#v", v, v, got)
	}
}

// TestZero: a forgotten field is an error and not somebody else's message.
func TestZero(t *testing.T) {
	t.Parallel()
	if (pelton.Ref{}).Valid() || (pelton.Ref{Index: 7}).Valid() || (pelton.LaneID{}).Valid() || (pelton.Cursor{}).Valid() || (pelton.Target{}).Valid() {
		t.Error("a zero value is valid")
	}
	for name, word := range map[string]struct {
		text string
		word string
	}{
		"Ref": {pelton.Ref{}.String(), "ref"}, "Cursor": {pelton.Cursor{}.String(), "cursor"}, "LaneID": {pelton.LaneID{}.String(), "lane"},
		"MessageID": {pelton.MessageID{}.String(), "message"}, "Target": {pelton.Target{}.String(), "target"},
		"EffectID": {pelton.EffectID{}.String(), "effect"}, "Verdict": {pelton.Verdict{}.String(), "verdict"},
	} {
		if v, _, err := words[word.word].parse(word.text); err == nil {
			t.Errorf("the zero %s is written %q, which is read as %#v", name, word.text, v)
		}
	}
	if d := (pelton.Verdict{}).Decision; d != pelton.DecisionNone {
		t.Errorf("the zero verdict decides %s", d)
	}
}
