package decode

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
)

func TestMessageKeyFieldsAndTime(t *testing.T) {
	own := time.Date(2001, 1, 2, 3, 4, 0, 0, time.UTC)
	given := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		payload string
		key     string // "-" for none
		time    time.Time
	}{
		{`{"user":{"id":"u1"},"at":"2001/01/02 03:04"}`, "u1", own},
		{`{"user":{"id":"u\u00e9\"1"},"at":"2001\/01\/02 03:04"}`, "ué\"1", own},
		{`{"user":{"id":17},"at":"yesterday"}`, "17", given},
		{`{"user":{"id":true},"at":20010102}`, "true", given},
		{`{"user":{"id":null},"at":null}`, "-", given},
		{`{"user":{"id":[1]}}`, "-", given},
		{`{"user":"id"}`, "-", given},
		{`{"user":{"id":""}}`, "", given},
		{`17`, "-", given},
	} {
		d, out := decoder(t, Config{
			Format: JSON, Key: "user.id", Fields: []string{"delay", "user.id"},
			Time: TimeConfig{Field: "at", Layout: "2006/01/02 15:04"},
		})
		headers := []pelton.Header{{Name: "h", Value: "v"}}
		r := Record{Position: 7, Next: 9, Payload: []byte(c.payload), Meta: pelton.Meta{Time: given, Trace: "t", Headers: headers}}
		if err := d.Message(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if err := d.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		m := out.got[0]
		if c.key == "-" && m.Key != nil || c.key != "-" && (m.Key == nil || string(m.Key) != c.key) {
			t.Errorf("%s: key %q (nil %v), want %q", c.payload, m.Key, m.Key == nil, c.key)
		}
		if !m.Meta.Time.Equal(c.time) || m.Meta.Position != 7 || m.Meta.Next != 9 || m.Meta.Trace != "t" || !slices.Equal(m.Meta.Headers, headers) {
			t.Errorf("%s: meta %+v", c.payload, m.Meta)
		}
		if string(m.Payload) != c.payload {
			t.Errorf("got %s", m.Payload)
		}
		s := d.Stats()
		if (s.NoKey == 1) != (c.key == "-") || (s.BadTimes == 1) != c.time.Equal(given) {
			t.Errorf("%s: %+v", c.payload, s)
		}
	}
}

func TestMessageOwnKeyAndLimits(t *testing.T) {
	d, out := decoder(t, Config{Format: JSON, Key: "a", MaxMessage: 100 << 10})
	large := `{"a":"` + strings.Repeat("x", 90<<10) + `"}`
	for i, r := range []Record{
		{Payload: []byte(`{"a":"field"}`), Key: []byte("given")},
		{Payload: []byte(`{"a":"field"}`), Key: []byte{}},
		{Payload: []byte(large), Key: []byte("k")},
		{Payload: []byte(strings.Repeat("x", 100<<10+1))},
		{Payload: []byte(`{"a":1}`), Key: bytes.Repeat([]byte("k"), 200<<10)},
		{Payload: []byte("{\"a\":\"\xff\"}")},
		{Payload: nil},
		{Payload: []byte(`{"a":"last"}`)},
	} {
		r.Position, r.Next = uint64(i), uint64(i)+1
		if err := d.Message(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if at := d.Position(); at != r.Next {
			t.Errorf("behind message %d the position is %d: a read that fails there would hand it over again", i, at)
		}
	}
	want := []string{`{"a":"field"}`, `{"a":"field"}`, large, "!too large", "!too large", "!not UTF-8", "!not JSON", `{"a":"last"}`}
	if got := out.payloads(); !slices.Equal(got, want) {
		t.Fatalf("got %.200q", got)
	}
	for i, key := range map[int]string{0: "given", 1: "", 2: "k", 7: "last"} {
		if got := out.got[i].Key; got == nil || string(got) != key {
			t.Errorf("message %d: key %q, want %q", i, got, key)
		}
	}
	d.Reset()
	if s := d.Stats(); s.Frames != 4 || s.Bad != (BadCounts{TooLarge: 2, UTF8: 1, JSON: 1}) {
		t.Errorf("%+v", s)
	}
}

// An escaped key is put beside its payload, also where the block has no room left for it.
func TestEscapedKeysFillBlocks(t *testing.T) {
	var b strings.Builder
	var want []string
	for i := range 3000 {
		key := strings.Repeat("k", i%97) + "é"
		want = append(want, key)
		b.WriteString(`{"a":"` + strings.ReplaceAll(key, "é", `\u00e9`) + `"}` + "\n")
	}
	for name, r := range readers([]byte(b.String())) {
		d, out := decoder(t, Config{Format: JSON, Key: "a"})
		if err := d.Stream(t.Context(), r, 0); err != nil {
			t.Fatal(err)
		}
		for i, m := range out.got {
			if string(m.Key) != want[i] {
				t.Fatalf("%s: key %d is %q, want %q", name, i, m.Key, want[i])
			}
		}
		if len(out.got) != len(want) {
			t.Fatalf("%s: %d messages", name, len(out.got))
		}
	}
}

func TestMessageThatIsNotTaken(t *testing.T) {
	d, out := decoder(t, Config{})
	out.refuse = context.Canceled
	if err := d.Message(t.Context(), Record{Payload: []byte("x")}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// FuzzTime compares the reader of fixed layouts with package time.
func FuzzTime(f *testing.F) {
	layouts := []string{"2006/01/02 15:04", "2006-01-02T15:04:05", "20060102", "02/01/2006 15:04:05", ""}
	for _, text := range []string{"2001/01/02 03:04", "2001-02-29T00:00:00", "2000-02-29T23:59:59.5", "20011301", "31/04/2001 1:02:03", "2001-01-02T03:04:05+01:00", "x"} {
		for i := range layouts {
			f.Add(text, uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, text string, n uint8) {
		layout := layouts[int(n)%len(layouts)]
		k, err := newClock(TimeConfig{Field: "f", Layout: layout})
		if err != nil {
			t.Fatal(err)
		}
		if layout != "" && k.fixed == nil {
			t.Fatalf("layout %q is not read by numbers", layout)
		}
		var want time.Time
		if layout == "" {
			err = want.UnmarshalText([]byte(text))
		} else {
			want, err = time.Parse(layout, text)
		}
		for range 2 { // the second time from memory
			if got, ok := k.parse([]byte(text)); ok != (err == nil) || ok && !got.Equal(want) {
				t.Fatalf("%q by %q: got %v %v, want %v %v", text, layout, got, ok, want, err)
			}
		}
	})
}

func TestTimeZone(t *testing.T) {
	k, err := newClock(TimeConfig{Field: "f", Layout: "2006-01-02 15:04", Zone: "Asia/Tokyo"})
	if err != nil {
		t.Fatal(err)
	}
	got, ok := k.parse([]byte("2001-02-03 09:00"))
	if want := time.Date(2001, 2, 3, 0, 0, 0, 0, time.UTC); !ok || !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("got %v", got)
	}
}
