package streams

import (
	"encoding/json"
	"math"
	"net/url"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session/stream"
)

// Offsets sort as their cursors do, and only what was given out is taken.
func FuzzOffset(f *testing.F) {
	f.Add("00000000000000000007_00000000000000000042", uint64(7), uint64(42), uint64(1), uint64(9))
	f.Add("-1", uint64(math.MaxUint64), uint64(0), uint64(1), uint64(0))
	f.Add("0000000000000000000７_00000000000000000042", uint64(1), uint64(1), uint64(1), uint64(1))
	f.Fuzz(func(t *testing.T, text string, epoch, id, epoch2, id2 uint64) {
		if c, ok := parseOffset(text); ok && offsetOf(c) != text {
			t.Errorf("%q is taken as %q", text, offsetOf(c))
		}
		if _, err := startOf(url.Values{"offset": {text}}); err == nil && text != "-1" && text != "now" {
			if _, ok := parseOffset(text); !ok {
				t.Errorf("%q is taken", text)
			}
		}
		a, b := pelton.Cursor{Epoch: max(epoch, 1), ID: id}, pelton.Cursor{Epoch: max(epoch2, 1), ID: id2}
		if back, ok := parseOffset(offsetOf(a)); !ok || back != a {
			t.Errorf("%v came back as %v", a, back)
		}
		less := a.Epoch < b.Epoch || a.Epoch == b.Epoch && a.ID < b.ID
		if less != (offsetOf(a) < offsetOf(b)) {
			t.Errorf("%s and %s sort otherwise", a, b)
		}
	})
}

// What a body is split into joins to the same messages, whatever they look like.
func FuzzSplit(f *testing.F) {
	for _, body := range []string{`[]`, `[[1,2],[3]]`, `null`, ` {"a" : 1} `, `[null]`, `"x"`, `[`, `1 2`, "[1,\n2]"} {
		f.Add([]byte(body))
	}
	h, st := handler{o: Options{}.complete()}, &stream.Stream{ContentType: "application/json"}
	f.Fuzz(func(t *testing.T, body []byte) {
		payloads, err := h.split(body, "application/json")
		if err != nil || len(body) == 0 {
			return
		}
		var snaps []*pelton.Snapshot
		for _, p := range payloads {
			if !json.Valid(p) {
				t.Fatalf("%q is no message of %q", p, body)
			}
			snaps = append(snaps, &pelton.Snapshot{Payload: p, ContentType: st.ContentType})
		}
		joined := join(st, snaps)
		again, err := h.split(joined, "application/json")
		if err != nil || len(again) != len(payloads) {
			t.Fatalf("%q became %q: %v", body, joined, err)
		}
		for i := range again {
			if string(again[i]) != string(payloads[i]) && !sameJSON(again[i], payloads[i]) {
				t.Errorf("%q became %q", payloads[i], again[i])
			}
		}
	})
}

func sameJSON(a, b []byte) bool {
	var x, y json.RawMessage
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && string(x) == string(y)
}
