package wasm

import (
	"slices"
	"testing"

	"github.com/peltonhq/pelton"
)

// Lines that a guest wrote are headers, or refused; what was read is read again from its own lines.
func FuzzHeaders(f *testing.F) {
	for _, s := range []string{"", "A: b\n", "A:b\r\nB:  c: d \n", "none\n", ": x\n", "A: \xff\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		headers, ok := parseHeaders(text)
		if !ok {
			return
		}
		var lines []byte
		for _, h := range headers {
			if h.Name == "" {
				t.Fatalf("%q has a header without a name", text)
			}
			lines = append(lines, h.Name+": "+h.Value+"\n"...)
		}
		again, ok := parseHeaders(lines)
		if !ok || !slices.Equal[[]pelton.Header](again, headers) {
			t.Errorf("%q is %q, and then %q", text, headers, again)
		}
	})
}
