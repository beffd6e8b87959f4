package decode

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/peltonhq/pelton"
)

func TestCSV(t *testing.T) {
	data := "origin,\"the \"\"delay\"\"\",a,b\r\n" +
		"ORD,5,\"x,\ny\",\"say \"\"hi\"\"\"\r\n" +
		"\n" +
		"DTW,6,,\n" +
		"too,short\n" +
		"LAX,ba\"re,1,2\n" +
		"SEA,7,\"\",\"end\"" // no newline
	for name, r := range readers([]byte(data)) {
		d, out := decoder(t, Config{Format: CSV, Key: "b", Fields: []string{"origin", "a"}})
		if err := d.Stream(t.Context(), r, 0); err != nil {
			t.Fatal(name, err)
		}
		want := []string{"ORD,5,\"x,\ny\",\"say \"\"hi\"\"\"", "DTW,6,,", "!not CSV", "!not CSV", "SEA,7,\"\",\"end\""}
		if got := out.payloads(); !slices.Equal(got, want) {
			t.Fatalf("%s: got %q", name, got)
		}
		if m := out.got[0]; string(m.Key) != `say "hi"` || m.fields["origin"] != "ORD" || m.fields["a"] != "x,\ny" {
			t.Errorf("%s: key %q, fields %q", name, m.Key, m.fields)
		}
		if m := out.got[1]; m.Key != nil || m.fields["a"] != "" {
			t.Errorf("%s: key %q, fields %q", name, m.Key, m.fields)
		}
		if s := d.Stats(); s.Frames != 3 || s.Bad.CSV != 2 || s.NoKey != 1 {
			t.Errorf("%s: %+v", name, s)
		}
		for i, m := range slices.Clone(out.got) {
			out.got = nil
			if err := d.Stream(t.Context(), strings.NewReader(data[m.frame.Next:]), m.frame.Next); err != nil {
				t.Fatal(err)
			}
			if got := out.payloads(); !slices.Equal(got, want[i+1:]) {
				t.Fatalf("%s: behind frame %d: %q", name, i, got)
			}
		}
	}
}

func TestCSVHeader(t *testing.T) {
	for _, c := range []struct{ data, err string }{
		{"a,b\n1,2\n", ""},
		{"\xEF\xBB\xBF\r\n\na,b", ""},
		{"\"a\",\"b\"\r\n", ""},
		{"a,c\n", `csv header has no column "b" that decode names; it has a, c`},
		{"a,b,b\n", `csv header has column "b" twice`},
		{"a,\"b", `csv header "a,\"b": quoted field has no end at byte 4`},
		{"\xff,b\n", "csv header: not UTF-8"},
		{"", `csv header has no column "a" that decode names; it has `},
	} {
		for name, r := range readers([]byte(c.data)) {
			d, _ := decoder(t, Config{Format: CSV, Fields: []string{"a", "b"}})
			err := d.Header(r)
			if c.err == "" && err != nil || c.err != "" && (!errors.Is(err, ErrHeader) || err.Error() != c.err) {
				t.Errorf("%q %s: got %v, want %s", c.data, name, err, c.err)
			}
			if d.NeedsHeader() != (err != nil) {
				t.Errorf("%q %s: needs header %v after %v", c.data, name, d.NeedsHeader(), err)
			}
		}
	}
	d, out := decoder(t, Config{Format: CSV, Key: "b"})
	if err := d.Stream(t.Context(), strings.NewReader("1,2\n"), 4); !errors.Is(err, ErrHeader) {
		t.Errorf("resumed without a header: %v", err)
	}
	if err := d.Header(strings.NewReader("a,b\nnot read")); err != nil {
		t.Fatal(err)
	}
	if err := d.Stream(t.Context(), strings.NewReader("1,2\n"), 4); err != nil || string(out.got[0].Key) != "2" {
		t.Errorf("%v, %v", err, out.got)
	}
	if err := d.Message(t.Context(), Record{Payload: []byte("1,2")}); !errors.Is(err, ErrHeader) {
		t.Errorf("a message by itself: %v", err)
	}
}

// FuzzCSV compares with encoding/csv: which records are good, and the values of the first and the last column.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		"1,2\n3,4\n", "\"a\",b\r\n", "a,\"b\nc\"\n", "\"x\"y,z\nb,c", "a\"b,c\nd,e\n", "\"\"\"\",\"\"", "a,b,c\nd\n,\n", "\"a\"\r,b\nc,d", "\"a", "a,\"\r\n\"\r\n", "\r\r\n,\r",
		"\"a\"\r\nx,\"y\"\r", "a,b\r", "\"\r", "a,\"b\"\"\r\"\n",
	} {
		f.Add([]byte(seed), uint8(0))
		f.Add([]byte(seed), uint8(1))
	}
	f.Fuzz(func(t *testing.T, data []byte, chunk uint8) {
		if !utf8.Valid(data) {
			return
		}
		d, out := decoder(t, Config{Format: CSV, Fields: []string{"a", "b"}})
		if err := d.Header(strings.NewReader("a,b\n")); err != nil {
			t.Fatal(err)
		}
		if err := d.Stream(t.Context(), reader(data, chunk), 1); err != nil {
			t.Fatal(err)
		}
		model := csv.NewReader(bytes.NewReader(data))
		model.FieldsPerRecord = 2
		for i := 0; ; i++ {
			record, err := model.Read()
			if errors.Is(err, io.EOF) {
				if i != len(out.got) {
					t.Fatalf("%q: %d records, want %d: %q", data, len(out.got), i, out.payloads())
				}
				return
			}
			if i >= len(out.got) {
				t.Fatalf("%q: only %d records; the next is %q (%v)", data, i, record, err)
			}
			got := out.got[i]
			if (got.frame.Bad != nil) != (err != nil) {
				t.Fatalf("%q: record %d is %q (bad %+v), want %q (%v)", data, i, got.Payload, got.frame.Bad, record, err)
			}
			if err != nil {
				continue
			}
			for k, name := range []string{"a", "b"} {
				// encoding/csv turns "\r\n" inside a quoted field into "\n"; what is located is as it stands.
				if text := strings.ReplaceAll(got.fields[name], "\r\n", "\n"); text != record[k] {
					t.Fatalf("%q: column %s of record %d is %q, want %q", data, name, i, text, record[k])
				}
			}
		}
	})
}

func TestQuotedValue(t *testing.T) {
	if got := (pelton.Value{Kind: pelton.KindQuoted, Raw: []byte(`say ""hi""""`)}).String(); got != `say "hi""` {
		t.Errorf("got %s", got)
	}
}
