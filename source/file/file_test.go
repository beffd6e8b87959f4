package file

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/source/sourcetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func pack(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestConformance(t *testing.T) {
	lines := []byte("{\"a\":1}\n\n{\"a\":2\r\n{\"a\":\"" + strings.Repeat("x", 100<<10) + "\"}\n{\"a\":4}\r\n[5]\n")
	json := sourcetest.Kit{
		Decode: decode.Config{Format: decode.JSON},
		Want:   []string{`{"a":1}`, sourcetest.Bad, `{"a":"` + strings.Repeat("x", 100<<10) + `"}`, `{"a":4}`, "[5]"},
	}
	csv := sourcetest.Kit{
		Decode: decode.Config{Format: decode.CSV, Key: "b"},
		Want:   []string{"1,x", "\"2\n\",y", sourcetest.Bad, "4,z"},
	}
	for name, c := range map[string]struct {
		kit    sourcetest.Kit
		data   []byte
		follow bool
	}{
		"json":     {json, lines, false},
		"follow":   {json, append(bytes.Clone(lines), "unfinished"...), true},
		"gzip":     {json, pack(t, lines), false},
		"csv":      {csv, []byte("a,b\n1,x\n\"2\n\",y\n3\n4,z"), false},
		"csv gzip": {csv, pack(t, []byte("a,b\n1,x\n\"2\n\",y\n3\n4,z")), false},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "in.jsonl")
			write(t, path, c.data)
			c.kit.Open = func(*testing.T) source.Source { return New(Options{Name: "in", Path: path, Follow: c.follow}) }
			sourcetest.Run(t, c.kit)
		})
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "flights.jsonl"), []byte("{}\n"))
	write(t, filepath.Join(dir, "packed.gz"), pack(t, []byte("{}\n")))
	write(t, filepath.Join(dir, "damaged.gz"), []byte("\x1f\x8bnot gzip at all"))
	for _, c := range []struct {
		path   string
		follow bool
		want   string
		is     error
	}{
		{filepath.Join(dir, "flight.json"), false, "flight.json does not exist (did you mean flights.jsonl?)", fs.ErrNotExist},
		{filepath.Join(dir, "weather"), false, "weather does not exist: ", fs.ErrNotExist},
		{filepath.Join(dir, "no", "flights.jsonl"), false, "directory " + filepath.Join(dir, "no") + " does not exist", fs.ErrNotExist},
		{dir, false, "is a directory: want a file", nil},
		{"", false, "file path is empty", nil},
		{"/dev/null", false, "not a regular file", nil},
		{filepath.Join(dir, "packed.gz"), true, "packed.gz is gzip and can't be followed", nil},
		{filepath.Join(dir, "damaged.gz"), false, "damaged.gz is damaged gzip", nil},
	} {
		_, err := New(Options{Name: "in", Path: c.path, Follow: c.follow}).Open(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: got %v, want %s", c.path, err, c.want)
		}
	}
}

func TestExplainPermission(t *testing.T) {
	err := explain("/x/secret", &fs.PathError{Op: "open", Path: "/x/secret", Err: fs.ErrPermission})
	if !errors.Is(err, fs.ErrPermission) || !strings.HasPrefix(err.Error(), "file /x/secret may not be read by this user") {
		t.Error(err)
	}
}

func open1(t *testing.T, o Options) *lane {
	t.Helper()
	o.Name = "in"
	lanes, err := New(o).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return lanes[0].(*lane)
}

func TestIncarnation(t *testing.T) {
	long := strings.Repeat("x", 2000)
	for _, c := range []struct {
		a, b   string
		follow bool
		same   bool
	}{
		{"one\ntwo\n", "one\nthree\n", false, true},
		{"one\n", "two\n", false, false},
		{"one", "one\n", false, false},
		{long + "a", long + "b\nmore", false, true},
		{long + "a", long + "b\nmore", true, true},
		{"", "one\n", false, false},
		{"", "unfinished", true, true},
		{"", "unfinished", false, false},
	} {
		for _, zip := range []bool{false, true} {
			if zip && c.follow {
				continue
			}
			path := filepath.Join(t.TempDir(), "f")
			write(t, path, []byte(c.a))
			a := open1(t, Options{Path: path, Follow: c.follow}).ID()
			data := []byte(c.b)
			if zip {
				data = pack(t, data)
			}
			write(t, path, data)
			b := open1(t, Options{Path: path, Follow: c.follow}).ID()
			if (a == b) != c.same || a.Lane != "f" || a.Source != "in" {
				t.Errorf("%.20q and %.20q, follow %v, gzip %v: %s and %s", c.a, c.b, c.follow, zip, a, b)
			}
		}
	}
}

func TestShorterIsRenewed(t *testing.T) {
	for name, data := range map[string][]byte{"plain": []byte("one\ntwo\n"), "gzip": pack(t, []byte("one\ntwo\n"))} {
		path := filepath.Join(t.TempDir(), name)
		write(t, path, data)
		l := open1(t, Options{Path: path})
		if l.Renewed(8) || !l.Renewed(9) {
			t.Errorf("%s: renewed at 8: %v, at 9: %v", name, l.Renewed(8), l.Renewed(9))
		}
		id, from := source.Resume(l, l.ID().Incarnation, 9)
		if id.Incarnation != l.ID().Incarnation+"~2" || from != 0 {
			t.Errorf("%s: resumes as %s at %d", name, id, from)
		}
		if size := l.Size(); size != map[string]uint64{"plain": 8}[name] {
			t.Errorf("%s: size %d", name, size)
		}
	}
}

func contains(err error, texts ...string) bool {
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			return false
		}
	}
	return true
}
