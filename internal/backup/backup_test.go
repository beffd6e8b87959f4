package backup

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

var content = map[string]string{
	"000004.sst": strings.Repeat("table ", 200), "000005.log": "log", "marker.manifest.000001.MANIFEST-000001": "", "OPTIONS-000003": strings.Repeat("o", block),
}

func header() Header {
	h := Header{Engine: "pebble", Format: 1, Program: "test", Created: time.Unix(1_700_000_000, 12_345).UTC()}
	for _, name := range slices.Sorted(maps.Keys(content)) {
		h.Files = append(h.Files, File{name, int64(len(content[name]))})
	}
	return h
}

func give(name string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(content[name])), nil
}

func written(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, header(), give); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestRoundTrip(t *testing.T) {
	data := written(t)
	h := header()
	if size, err := h.Size(); err != nil || size != int64(len(data)) {
		t.Errorf("size %d, %v; %d bytes were written", size, err, len(data))
	}
	got := map[string]string{}
	back, err := Read(bytes.NewReader(data), func(_ *Header, f File, r io.Reader) error {
		text, err := io.ReadAll(r)
		got[f.Name] = string(text)
		return err
	})
	if err != nil || !maps.Equal(got, content) {
		t.Errorf("got %v, %v", got, err)
	}
	if !back.Created.Equal(h.Created) || back.Format != 1 || back.Bytes() != h.Bytes() {
		t.Errorf("header %+v", back)
	}
}

// TestTorn cuts a backup at every length, and changes every byte: what Read takes has every byte of every file.
func TestTorn(t *testing.T) {
	data := written(t)
	for n := range data {
		if _, err := Verify(bytes.NewReader(data[:n])); err == nil || !errors.Is(err, ErrTorn) && !errors.Is(err, ErrFormat) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
	for n := range data {
		bad := bytes.Clone(data)
		bad[n] ^= 0x20
		same := true
		_, err := Read(bytes.NewReader(bad), func(_ *Header, f File, r io.Reader) error {
			text, err := io.ReadAll(r)
			same = same && string(text) == content[f.Name]
			return err
		})
		if err == nil && !same {
			t.Fatalf("byte %d was changed, and that was taken", n)
		}
	}
	if _, err := Verify(bytes.NewReader(append(data, 0))); !errors.Is(err, ErrTorn) {
		t.Errorf("one byte more: %v", err)
	}
}

func TestRefused(t *testing.T) {
	valid := written(t)
	pack := func(name, text string) []byte {
		var out bytes.Buffer
		w := tar.NewWriter(&out)
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	for name, c := range map[string]struct {
		data []byte
		want string
		is   error
	}{
		"empty":     {nil, "it is no tar archive", ErrFormat},
		"text":      {[]byte(strings.Repeat("hello ", 200)), "it is no tar archive", ErrFormat},
		"other tar": {pack("readme", "hi"), `its first file is "readme"`, ErrFormat},
		"other":     {pack(headerName, `{"kind":"x"}`), `it says it is "x"`, ErrFormat},
		"newer":     {pack(headerName, `{"kind":"pelton store backup","version":2,"program":"9.9"}`), "version 2, this program knows 1; use the program that wrote it (9.9)", ErrFormat},
		"path":      {pack(headerName, `{"kind":"pelton store backup","version":1,"files":[{"name":"../x","size":1}]}`), "no plain file name", ErrFormat},
		"twice":     {pack(headerName, `{"kind":"pelton store backup","version":1,"files":[{"name":"x","size":1},{"name":"x","size":1}]}`), "twice", ErrFormat},
		"negative":  {pack(headerName, `{"kind":"pelton store backup","version":1,"files":[{"name":"x","size":-1}]}`), "-1 bytes", ErrFormat},
		"cut":       {valid[:3*block], "it ends early", ErrTorn},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Verify(bytes.NewReader(c.data)); !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	var lost = errors.New("connection lost")
	if _, err := Verify(io.MultiReader(bytes.NewReader(valid[:block]), failing{lost})); !errors.Is(err, lost) {
		t.Errorf("a reader that fails: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestWriteShort(t *testing.T) {
	h := header()
	h.Files[0].Size++
	if err := Write(io.Discard, h, give); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a file that shrank: %v", err)
	}
	h.Files[0].Name = "a/b"
	if err := Write(io.Discard, h, give); !errors.Is(err, ErrFormat) {
		t.Errorf("a path: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	data := written(f)
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = Read(bytes.NewReader(data), func(_ *Header, file File, r io.Reader) error {
			if !plain(file.Name) {
				t.Errorf("name %q", file.Name)
			}
			n, err := io.Copy(io.Discard, r)
			if err == nil && n != file.Size {
				t.Errorf("%d bytes of %d", n, file.Size)
			}
			return err
		})
	})
}
