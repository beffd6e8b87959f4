package decode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/peltonhq/pelton"
)

// flights are n lines in the shape of the example's data.
func flights(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	airports := strings.Fields("ORD DTW LAS HNL SFO OAK PHX MHT BWI MDT ATL DFW CLT GSO IAD")
	var b bytes.Buffer
	for range n {
		fmt.Fprintf(&b, `{"date":"2001/%02d/%02d %02d:%02d","delay":%d,"distance":%d,"origin":%q,"destination":%q}`+"\n",
			1+r.IntN(3), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(300)-40, 80+r.IntN(2500),
			airports[r.IntN(len(airports))], airports[r.IntN(len(airports))])
	}
	return b.Bytes()
}

func paths(names ...string) [][]string {
	var all [][]string
	for _, name := range names {
		all = append(all, strings.Split(name, "."))
	}
	return all
}

func TestScanLocates(t *testing.T) {
	s := newScanner(paths("a", "b", "c.d", "c", "x", "f", "n", "arr"))
	doc := ` {"a":"plain", "\u0062":"e\"sc","c":{"d":-1.5e+3,"e":[{"d":1}]},"f":false,"n":null,"arr":[1,"]"]} `
	if !s.scan([]byte(doc)) {
		t.Fatal(s.fault)
	}
	want := []struct {
		raw  string
		kind pelton.Kind
	}{
		{"plain", pelton.KindString},
		{`e\"sc`, pelton.KindEscaped},
		{"-1.5e+3", pelton.KindNumber},
		{`{"d":-1.5e+3,"e":[{"d":1}]}`, pelton.KindJSON},
		{"", pelton.KindMissing},
		{"false", pelton.KindBool},
		{"null", pelton.KindNull},
		{`[1,"]"]`, pelton.KindJSON},
	}
	for i, f := range s.found {
		if got := doc[f.Offset : f.Offset+f.Length]; got != want[i].raw || f.Kind != want[i].kind {
			t.Errorf("field %d: got %q of kind %d, want %q of kind %d", i, got, f.Kind, want[i].raw, want[i].kind)
		}
	}
}

func TestScanLastMemberCounts(t *testing.T) {
	s := newScanner(paths("a.b", "a.c"))
	doc := `{"a":{"b":1,"c":2},"a":{"c":3}}`
	if !s.scan([]byte(doc)) || s.found[0].Kind != pelton.KindMissing {
		t.Fatalf("a.b of the first a is still found: %v", s.found)
	}
	if f := s.found[1]; doc[f.Offset:f.Offset+f.Length] != "3" {
		t.Fatalf("a.c: got %v", f)
	}
}

func TestScanNesting(t *testing.T) {
	s := newScanner(nil)
	for _, depth := range []int{1, maxDepth, maxDepth + 1} {
		for _, pair := range [][2]string{{"[", "]"}, {`{"a":`, "}"}} {
			doc := []byte(strings.Repeat(pair[0], depth) + "1" + strings.Repeat(pair[1], depth))
			if got := s.scan(doc); got != json.Valid(doc) || got != (depth <= maxDepth) {
				t.Errorf("depth %d of %s: got %v", depth, pair[0], got)
			}
		}
	}
}

// FuzzJSON compares with encoding/json: what is valid, and the values of a member and a member of a member.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"k":"v"}`, `{"k":{"l":1e9}}`, `{"k":"\ud83d\ude00\ud800\n\/"}`, `[1,-0.5,01]`, `{"k":1,"k":{"l":"x"}}`, `"`, `{`, `{"k"`, `nul`, `-`, `1.`, `1e`,
		`{"\u006b":true}`, `{"k":[]} `, "\"\x01\"", "{\"k\":\"0123456\x1f\"}", `{"k":"\x"}`, `{"k":"\u12g4"}`, `{"a":"01234567890123456789","k":null}`,
		`{"k" : { } , "b" : [ ] }`, `tru`, `{"k":"é"}`, "{\"k\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !utf8.Valid(data) {
			return
		}
		s := newScanner(paths("k", "k.l"))
		if got, want := s.scan(data), json.Valid(data); got != want {
			t.Fatalf("%q: valid %v, want %v (%v)", data, got, want, s.fault)
		} else if !got {
			if s.fault.at < 0 || s.fault.at > len(data) || s.fault.text == "" {
				t.Fatalf("%q: fault %v", data, s.fault)
			}
			return
		}
		var top map[string]json.RawMessage
		if json.Unmarshal(data, &top) != nil {
			top = nil
		}
		compare(t, data, s.found[0], top["k"])
		var inner map[string]json.RawMessage
		if json.Unmarshal(top["k"], &inner) != nil {
			inner = nil
		}
		compare(t, data, s.found[1], inner["l"])
	})
}

func compare(t *testing.T, data []byte, f pelton.Field, want json.RawMessage) {
	t.Helper()
	got := data[f.Offset : f.Offset+f.Length]
	if f.Kind == pelton.KindString || f.Kind == pelton.KindEscaped {
		var text string
		if err := json.Unmarshal(want, &text); err != nil || text != string(unescape(nil, got)) {
			t.Fatalf("%q: got %q, unescaped %q, want %q (%v)", data, got, unescape(nil, got), text, err)
		}
		return
	}
	if (f.Kind == pelton.KindMissing) != (want == nil) || !bytes.Equal(got, want) {
		t.Fatalf("%q: got %q, want %q", data, got, want)
	}
}

// BenchmarkScan is why the scanner is our own: gjson needs two passes to check and to locate.
func BenchmarkScan(b *testing.B) {
	lines := bytes.Split(bytes.TrimSpace(flights(1000)), []byte("\n"))
	size := int64(len(bytes.Join(lines, nil)))
	b.Run("scanner", func(b *testing.B) {
		b.SetBytes(size)
		s := newScanner(paths("origin", "delay", "destination"))
		for b.Loop() {
			for _, line := range lines {
				if !s.scan(line) || s.found[0].Kind == 0 {
					b.Fatal(s.fault)
				}
			}
		}
	})
	b.Run("gjson", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			for _, line := range lines {
				if !gjson.ValidBytes(line) {
					b.Fatal(line)
				}
				gjson.ParseBytes(line).ForEach(func(k, v gjson.Result) bool { return k.Str != "origin" || v.Raw != "" })
			}
		}
	})
	b.Run("gjson-valid-only", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			for _, line := range lines {
				if !gjson.ValidBytes(line) {
					b.Fatal(line)
				}
			}
		}
	})
}
