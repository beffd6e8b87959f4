package trial

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
)

// Diff says in lines how got differs from want, in all of it: "emits[1].payload.delay: want 40, got 41". Nothing: it does
// not. Of JSON, the order of keys, spaces and the form of numbers make no difference.
func Diff(want, got *Result) []string { return differ{was: "want", is: "got"}.results(want, got) }

// Changes is [Diff] in the words of before and after: "verdict: was ack, is dead".
func Changes(before, after *Result) []string {
	return differ{was: "was", is: "is"}.results(before, after)
}

func (d differ) results(want, got *Result) []string {
	d.text("verdict", want.Verdict, got.Verdict)
	d.text("reason", want.Reason, got.Reason)
	d.text("after", want.After, got.After)
	d.text("request", want.Request, got.Request)
	for i := range max(len(want.Emits), len(got.Emits)) {
		at := "emits[" + strconv.Itoa(i) + "]"
		switch {
		case i >= len(got.Emits):
			d.lines = append(d.lines, fmt.Sprintf("%s: %s one to %s, %s none%s", at, d.was, want.Emits[i].Output, d.is, after(want.Emits[i].Body)))
		case i >= len(want.Emits):
			d.lines = append(d.lines, fmt.Sprintf("%s: %s none, %s one to %s%s", at, d.was, d.is, got.Emits[i].Output, after(got.Emits[i].Body)))
		default:
			d.emit(at, &want.Emits[i], &got.Emits[i])
		}
	}
	d.bodies("state", want.State, got.State)
	return d.lines
}

// after is a payload behind a colon, or nothing when there is none.
func after(b Body) string {
	if b.Payload == nil && b.Text == nil && b.Base64 == nil {
		return ""
	}
	return ": " + b.String()
}

type differ struct {
	was, is string // words before what was wanted and what is
	lines   []string
}

func (d *differ) addf(at, want, got string) {
	d.lines = append(d.lines, fmt.Sprintf("%s: %s %s, %s %s", at, d.was, want, d.is, got))
}

func (d *differ) text(at, want, got string) {
	if want != got {
		d.addf(at, word(want), word(got))
	}
}

func word(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func (d *differ) emit(at string, want, got *Emit) {
	d.text(at+".output", want.Output, got.Output)
	if (want.Key == nil) != (got.Key == nil) || want.Key != nil && *want.Key != *got.Key {
		d.addf(at+".key", keyOf(want.Key), keyOf(got.Key))
	}
	d.body(at+".payload", want.Body, got.Body)
}

func keyOf(key *string) string {
	if key == nil {
		return "none"
	}
	return strconv.Quote(*key)
}

func (d *differ) bodies(at string, want, got *Body) {
	switch {
	case want == nil && got == nil:
	case want == nil:
		d.addf(at, "none", got.String())
	case got == nil:
		d.addf(at, want.String(), "none")
	default:
		d.body(at, *want, *got)
	}
}

func (d *differ) body(at string, want, got Body) {
	if want.Payload == nil || got.Payload == nil {
		if (want.Payload == nil) != (got.Payload == nil) || want.String() != got.String() {
			d.addf(at, want.String(), got.String())
		}
		return
	}
	d.json(at, valueOf(want.Payload), valueOf(got.Payload))
}

func valueOf(text json.RawMessage) (v any) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	_ = dec.Decode(&v) // it was found valid
	return v
}

func (d *differ) json(at string, want, got any) {
	switch w := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			d.object(at, w, g)
			return
		}
	case []any:
		if g, ok := got.([]any); ok && len(w) == len(g) {
			for i := range w {
				d.json(at+"["+strconv.Itoa(i)+"]", w[i], g[i])
			}
			return
		}
	case json.Number:
		if g, ok := got.(json.Number); ok && sameNumber(w, g) {
			return
		}
	default:
		if want == got {
			return
		}
	}
	d.addf(at, text(want), text(got))
}

func (d *differ) object(at string, want, got map[string]any) {
	names := map[string]bool{}
	for name := range want {
		names[name] = true
	}
	for name := range got {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		w, wanted := want[name]
		g, there := got[name]
		switch {
		case !wanted:
			d.addf(at+"."+name, "none", text(g))
		case !there:
			d.addf(at+"."+name, text(w), "none")
		default:
			d.json(at+"."+name, w, g)
		}
	}
}

func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	const bits = 1024 // more than any number has that somebody means
	x, okX := new(big.Float).SetPrec(bits).SetString(a.String())
	y, okY := new(big.Float).SetPrec(bits).SetString(b.String())
	return okX && okY && !x.IsInf() && x.Cmp(y) == 0
}

// text is a value of JSON on one line.
func text(v any) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return string(bytes.TrimSpace(out.Bytes()))
}
