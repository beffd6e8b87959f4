package file

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
)

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// opened is a sink over st, to be closed by the test.
func opened(t *testing.T, st store.Store, path string, on OnNew) *Sink {
	t.Helper()
	s, err := Open(Options{Name: "out", Path: path, Store: st, OnNew: on})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closed(t *testing.T, s *Sink) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestOnNew(t *testing.T) {
	for _, c := range []struct {
		on           OnNew
		before, want string
		err          error
	}{
		{"", "theirs\n", "theirs\n", ErrUnknown},
		{Fail, "theirs\n", "theirs\n", ErrUnknown},
		{Fail, "", "a\nb\n", nil},
		{Append, "theirs\n", "theirs\na\nb\n", nil},
		{Append, "theirs", "theirs\na\nb\n", nil},
		{Append, strings.Repeat("long\n", 999), strings.Repeat("long\n", 999) + "a\nb\n", nil},
		{Truncate, "theirs\n", "a\nb\n", nil},
	} {
		t.Run(string(c.on)+" "+c.before[:min(6, len(c.before))], func(t *testing.T) {
			st, path := memory.New(), filepath.Join(t.TempDir(), "out")
			defer st.Close()
			put(t, path, c.before)
			s, err := Open(Options{Name: "out", Path: path, Store: st, OnNew: c.on})
			if !errors.Is(err, c.err) {
				t.Fatalf("open: %v; want %v", err, c.err)
			}
			if err == nil {
				write(t, s, "a")
				closed(t, s)
				s = opened(t, st, path, c.on) // known from now on
				write(t, s, "b")
				closed(t, s)
			} else if text := err.Error(); !strings.Contains(text, path) || !strings.Contains(text, "7 bytes") || !strings.Contains(text, "on_new") {
				t.Errorf("the error does not say where and what to do: %v", err)
			}
			if got := content(t, path); got != c.want {
				t.Errorf("content %.40q; want %.40q", got, c.want)
			}
		})
	}
}

// TestUnused: until the first write nothing is committed, so what others put there is never cut off.
func TestUnused(t *testing.T) {
	st, path := memory.New(), filepath.Join(t.TempDir(), "out")
	defer st.Close()
	closed(t, opened(t, st, path, Fail))
	put(t, path, "theirs\n")
	if _, err := Open(Options{Name: "out", Path: path, Store: st}); !errors.Is(err, ErrUnknown) {
		t.Errorf("open: %v; want ErrUnknown", err)
	}
	if got := content(t, path); got != "theirs\n" {
		t.Errorf("content %q", got)
	}
}

// TestChanged: a committed file that is gone, shorter or another one is refused, whatever on_new says.
func TestChanged(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, path string){
		"removed": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
		"emptied":   func(t *testing.T, path string) { put(t, path, "") },
		"shortened": func(t *testing.T, path string) { put(t, path, "one\ntw") },
		"replaced":  func(t *testing.T, path string) { put(t, path, "eins\nzwei\n") },
	} {
		t.Run(name, func(t *testing.T) {
			st, path := memory.New(), filepath.Join(t.TempDir(), "out")
			defer st.Close()
			s := opened(t, st, path, Fail)
			write(t, s, "one", "two")
			closed(t, s)
			change(t, path)
			before, _ := os.ReadFile(path)
			for _, on := range []OnNew{Fail, Append, Truncate} {
				_, err := Open(Options{Name: "out", Path: path, Store: st, OnNew: on})
				if !errors.Is(err, ErrChanged) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "8") {
					t.Errorf("open with %s: %v; want ErrChanged with path and length", on, err)
				}
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(after, before) {
				t.Errorf("content %q became %q", before, after)
			}
			put(t, path, "one\ntwo\nuncommitted") // put back, with a tail
			s = opened(t, st, path, Fail)
			write(t, s, "three")
			closed(t, s)
			if got := content(t, path); got != "one\ntwo\nthree\n" {
				t.Errorf("content %q", got)
			}
		})
	}
}

// TestMoved: the file is recognized at another path; another file there follows on_new.
func TestMoved(t *testing.T) {
	st, dir := memory.New(), t.TempDir()
	defer st.Close()
	first, second, third := filepath.Join(dir, "1"), filepath.Join(dir, "2"), filepath.Join(dir, "3")
	s := opened(t, st, first, Fail)
	write(t, s, "one")
	closed(t, s)
	if err := os.Rename(first, second); err != nil {
		t.Fatal(err)
	}
	s = opened(t, st, second, Fail)
	write(t, s, "two")
	closed(t, s)
	s = opened(t, st, third, Fail)
	write(t, s, "three")
	closed(t, s)
	if content(t, second) != "one\ntwo\n" || content(t, third) != "three\n" {
		t.Errorf("contents %q and %q", content(t, second), content(t, third))
	}
	if _, err := Open(Options{Name: "out", Path: second, Store: st}); !errors.Is(err, ErrUnknown) {
		t.Errorf("a file of before: %v; want ErrUnknown", err)
	}
}

func TestShared(t *testing.T) {
	st, dir := memory.New(), t.TempDir()
	defer st.Close()
	path, link := filepath.Join(dir, "out"), filepath.Join(dir, "link")
	s := opened(t, st, path, Fail)
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, link, filepath.Join(dir, ".", "x", "..", "out")} {
		_, err := Open(Options{Name: "second", Path: p, Store: st})
		if !errors.Is(err, ErrShared) || !strings.Contains(err.Error(), "sink out") {
			t.Errorf("%s: %v; want ErrShared that names the sink", p, err)
		}
	}
	write(t, s, "one")
	closed(t, s)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := flock(f); err != nil {
		t.Fatalf("the file is still locked after Close: %v", err)
	}
	if _, err := Open(Options{Name: "out", Path: path, Store: st}); !errors.Is(err, ErrShared) || !strings.Contains(err.Error(), "another process") {
		t.Errorf("locked from outside: %v; want ErrShared", err)
	}
}

func TestBadOptions(t *testing.T) {
	st, dir := memory.New(), t.TempDir()
	defer st.Close()
	for want, o := range map[string]Options{
		"name is empty":    {Path: "x", Store: st},
		"path is empty":    {Name: "n", Store: st},
		"no store":         {Name: "n", Path: "x"},
		"on_new is \"no\"": {Name: "n", Path: "x", Store: st, OnNew: "no"},
		"make the dir":     {Name: "n", Path: filepath.Join(dir, "a", "b"), Store: st},
		"no regular file":  {Name: "n", Path: dir, Store: st},
	} {
		if _, err := Open(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want an error with %q", o, err, want)
		}
	}
}

// TestTouched: while somebody else's hands are on the file nothing is committed; put back, it goes on.
func TestTouched(t *testing.T) {
	st, path := memory.New(), filepath.Join(t.TempDir(), "out")
	defer st.Close()
	s := opened(t, st, path, Fail)
	defer closed(t, s)
	write(t, s, "one")
	next := effects("two")
	touched := func(name string) {
		t.Helper()
		if err := s.Write(t.Context(), next); !errors.Is(err, ErrChanged) {
			t.Errorf("%s: %v; want ErrChanged", name, err)
		}
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	touched("moved")
	put(t, path, "one\n")
	touched("replaced")
	if err := os.Rename(path+".1", path); err != nil {
		t.Fatal(err)
	}
	put(t, path, "one\nmore\n")
	touched("longer")
	put(t, path, "o")
	touched("shorter")
	put(t, path, "one\n")
	if err := s.Write(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if got := content(t, path); got != "one\ntwo\n" {
		t.Errorf("content %q", got)
	}
}

// TestFull: a full store costs the disk nothing, and what was not committed does not stay.
func TestFull(t *testing.T) {
	st, path := memory.New(), filepath.Join(t.TempDir(), "out")
	defer st.Close()
	s := opened(t, st, path, Fail)
	defer closed(t, s)
	write(t, s, "one")
	st.Fill("by the test")
	if err := s.Write(t.Context(), effects("two")); !errors.Is(err, store.ErrFull) || !strings.Contains(err.Error(), "by the test") {
		t.Errorf("full: %v", err)
	}
	st.Fill("")
	st.FailNext(store.ErrFull) // found out only after the bytes were written
	if err := s.Write(t.Context(), effects("two")); !errors.Is(err, store.ErrFull) || content(t, path) != "one\n" {
		t.Errorf("full at the commit: %v, content %q; want the rest cut off", err, content(t, path))
	}
	write(t, s, "two")
	if got := content(t, path); got != "one\ntwo\n" {
		t.Errorf("content %q", got)
	}
}

// TestUnsure: once nobody knows what is committed, the file is left as it is until the next Open.
func TestUnsure(t *testing.T) {
	for name, lose := range map[string]func(t *testing.T, st *memory.Store, s *Sink) error{
		"store failed": func(t *testing.T, st *memory.Store, s *Sink) error {
			st.Break()
			return s.Write(t.Context(), effects("two"))
		},
		"given up": func(t *testing.T, st *memory.Store, s *Sink) error {
			st.Hold()
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- s.Write(ctx, effects("two")) }()
			for st.Stats().Queued == 0 {
				runtime.Gosched() // until the append is there
			}
			cancel()
			return <-done
		},
	} {
		t.Run(name, func(t *testing.T) {
			disk, path := memory.NewDisk(), filepath.Join(t.TempDir(), "out")
			st, err := disk.Open()
			if err != nil {
				t.Fatal(err)
			}
			s := opened(t, st, path, Fail)
			write(t, s, "one")
			first := lose(t, st, s)
			if first == nil {
				t.Fatal("the write went through")
			}
			if err := s.Write(t.Context(), effects("two")); err == nil || content(t, path) != "one\ntwo\n" {
				t.Errorf("after %v: %v, content %q; want an error and an untouched file", first, err, content(t, path))
			}
			closed(t, s)
			st.Close() // what is held becomes durable
			if st, err = disk.Open(); err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			s = opened(t, st, path, Fail)
			defer closed(t, s)
			want := "one\n"
			if _, err := st.Get(effects("two")[0].Mark); err == nil {
				want = "one\ntwo\n"
			}
			if got := content(t, path); got != want {
				t.Errorf("content %q; want %q", got, want)
			}
		})
	}
}

func TestTail(t *testing.T) {
	var all []byte
	var grown tail
	for _, n := range []int{0, 1, 500, 600, 1023, 1024, 1025, 3, 5000, 7} {
		part := []byte(strings.Repeat(string(rune('a'+n%26)), n))
		all, grown = append(all, part...), grown.with(part)
		if want := all[max(0, len(all)-window):]; !slices.Equal(grown, want) {
			t.Fatalf("after %d bytes the tail has %d; want the last %d", len(all), len(grown), len(want))
		}
	}
}

func FuzzState(f *testing.F) {
	f.Add(state{Path: "/x", Length: 7, Sum: 1<<64 - 1}.encode())
	f.Add([]byte(`{"path":"","length":-1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := decodeState(text)
		if err != nil {
			if !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("%v; want ErrCorrupt", err)
			}
			return
		}
		if again, err := decodeState(s.encode()); err != nil || again != s || s.Length < 0 || s.Path == "" {
			t.Errorf("%+v became %+v, %v", s, again, err)
		}
	})
}

// BenchmarkWrite is lines of 200 bytes with fsync, 256 a write, over a store in memory.
func BenchmarkWrite(b *testing.B) {
	st := memory.New()
	defer st.Close()
	s, err := Open(Options{Name: "out", Path: filepath.Join(b.TempDir(), "out"), Store: st})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	batch := make([]pelton.Effect, 256)
	for i := range batch {
		batch[i] = pelton.Effect{Payload: make([]byte, 199), Mark: store.Key(store.SpaceMark, "bench", uint64(i))}
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Write(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*float64(len(batch))/b.Elapsed().Seconds(), "lines/s")
}
