package file

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/source/sourcetest"
)

// zpack makes a zstd frame of each part, as zstd does of files that are joined.
func zpack(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, part := range parts {
		z, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := z.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestPackedConformance(t *testing.T) {
	skipped := []byte{0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'} // a frame that readers pass over
	one, two := []byte("1\n22\n"), []byte("333\n4444\n")
	long := bytes.Repeat([]byte("a line of some length\n"), 20_000)
	for name, c := range map[string]struct {
		data []byte
		want []string
	}{
		"zstd":         {zpack(t, []byte("1\n22\n333\n4444\n")), []string{"1", "22", "333", "4444"}},
		"frames":       {zpack(t, one, nil, two), []string{"1", "22", "333", "4444"}},
		"cut in line":  {zpack(t, []byte("1\n2"), []byte("2\n333\n4444\n")), []string{"1", "22", "333", "4444"}},
		"skip first":   {append(skipped, zpack(t, one, two)...), []string{"1", "22", "333", "4444"}},
		"skip between": {slices.Concat(zpack(t, one), skipped, zpack(t, two)), []string{"1", "22", "333", "4444"}},
		"gzip members": {append(pack(t, one), pack(t, two)...), []string{"1", "22", "333", "4444"}},
		"long":         {zpack(t, long[:len(long)/2], long[len(long)/2:]), nil},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "in.zst")
			write(t, path, c.data)
			if c.want == nil {
				out, done := follow(t, open1(t, Options{Path: path}), 0, decode.Config{})
				if err := <-done; err != nil || len(out.got) != 20_000 {
					t.Errorf("%d lines, %v", len(out.got), err)
				}
				return
			}
			sourcetest.Run(t, sourcetest.Kit{Want: c.want, Open: func(*testing.T) source.Source { return New(Options{Name: "in", Path: path}) }})
		})
	}
}

// TestPackedCut cuts packed files at every length: the end is never taken for theirs unless all content came before it.
func TestPackedCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in")
	text := []byte(strings.Repeat("some line\n", 50))
	whole := map[string][]byte{"gzip": pack(t, text), "zstd": zpack(t, text)}
	for name, data := range whole {
		for n := 4; n < len(data); n++ {
			write(t, path, data[:n])
			l, _, err := newLane(&Options{Name: "in", Path: path}, path, "in")
			if err == nil {
				_, done := follow(t, l, 0, decode.Config{})
				err = <-done
			}
			if err == nil || !contains(err, "file "+path+" is damaged "+name) {
				t.Fatalf("%s cut at %d of %d: %v", name, n, len(data), err)
			}
		}
		write(t, path, data[:len(data)-1])
		l, _, err := newLane(&Options{Name: "in", Path: path}, path, "in")
		if err == nil {
			_, done := follow(t, l, 0, decode.Config{})
			err = <-done
		}
		if err == nil || !contains(err, "it ends in the middle; it was cut off, or is being written still") {
			t.Errorf("%s without its last byte: %v", name, err)
		}
		for n := range data {
			bad := bytes.Clone(data)
			bad[n] ^= 0x10
			write(t, path, bad)
			if l, _, err := newLane(&Options{Name: "in", Path: path}, path, "in"); err == nil {
				_, done := follow(t, l, 0, decode.Config{})
				<-done // whatever it says, it does not panic
			}
		}
	}
}

// FuzzUnpack: no bytes make the reader panic, or give more than they can hold without an end.
func FuzzUnpack(f *testing.F) {
	f.Add(zpack(f, []byte("one\n"), []byte("two\n")))
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	f.Add([]byte{0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0})
	path := filepath.Join(f.TempDir(), "in")
	f.Fuzz(func(t *testing.T, data []byte) {
		write(t, path, data)
		c, err := open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, _ = c.incarnation(false)
	})
}
