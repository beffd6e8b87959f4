package file

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/store"
)

// names are the files at a place, without those of the store.
func (p *place) names() []string {
	p.t.Helper()
	entries, err := os.ReadDir(filepath.Dir(p.path))
	if err != nil {
		p.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func (p *place) want(names ...string) {
	p.t.Helper()
	if got := p.names(); !slices.Equal(got, names) {
		p.t.Errorf("the files are %q, want %q", got, names)
	}
}

func reopened(t *testing.T, p *place) *Sink {
	t.Helper()
	s, err := p.open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // twice is no matter
	return s.(*Sink)
}

// TestRotateSize: no file has more than the size, unless a single write has, and numbers go on over restarts.
func TestRotateSize(t *testing.T) {
	p := newPlace(t)
	p.rotate = Rotate{Size: 10}
	s := reopened(t, p)
	write(t, s, "aaaa", "bbbb")
	p.want("out.jsonl")
	write(t, s, "cccc")
	p.want("out-000001.jsonl", "out.jsonl")
	write(t, s, "a line that is longer than a file")
	write(t, s, "d")
	p.want("out-000001.jsonl", "out-000002.jsonl", "out-000003.jsonl", "out.jsonl")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = reopened(t, p)
	write(t, s, "eeee", "ffff")
	p.want("out-000001.jsonl", "out-000002.jsonl", "out-000003.jsonl", "out-000004.jsonl", "out.jsonl")
	want := []string{"aaaa", "bbbb", "cccc", "a line that is longer than a file", "d", "eeee", "ffff"}
	if got := p.lines(); !slices.Equal(got, want) {
		t.Errorf("lines %q, want %q", got, want)
	}
	if text, err := os.ReadFile(s.o.numbered(1)); err != nil || string(text) != "aaaa\nbbbb\n" {
		t.Errorf("the first file has %q, %v", text, err)
	}
}

func TestRotateAge(t *testing.T) {
	p := newPlace(t)
	p.rotate = Rotate{Age: time.Hour}
	now := time.Unix(1_700_000_000, 0)
	s := reopened(t, p)
	s.o.now = func() time.Time { return now }
	write(t, s, "a")
	now = now.Add(59 * time.Minute)
	write(t, s, "b")
	p.want("out.jsonl")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = reopened(t, p)
	s.o.now = func() time.Time { return now }
	now = now.Add(time.Minute)
	write(t, s, "c", "d")
	p.want("out-000001.jsonl", "out.jsonl")
	now = now.Add(time.Hour)
	write(t, s, "e")
	p.want("out-000001.jsonl", "out-000002.jsonl", "out.jsonl")
}

// TestRotateKeep removes the oldest of its own files, and none of others.
func TestRotateKeep(t *testing.T) {
	p := newPlace(t)
	p.rotate = Rotate{Size: 1, Keep: 2}
	others := []string{"out-000007.jsonl", "out-1.jsonl", "out-x.jsonl"}
	for _, name := range others {
		if err := os.WriteFile(filepath.Join(filepath.Dir(p.path), name), []byte("other\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := reopened(t, p)
	write(t, s, "a", "b", "c", "d")
	p.want("out-000007.jsonl", "out-000009.jsonl", "out-000010.jsonl", "out-1.jsonl", "out-x.jsonl", "out.jsonl")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = reopened(t, p)
	write(t, s, "e")
	p.want("out-000007.jsonl", "out-000010.jsonl", "out-000011.jsonl", "out-1.jsonl", "out-x.jsonl", "out.jsonl")
}

// TestRotateInTheWay: a file of another with the next name is not overwritten; once it is away, all goes on.
func TestRotateInTheWay(t *testing.T) {
	p := newPlace(t)
	p.rotate = Rotate{Size: 1}
	s := reopened(t, p)
	write(t, s, "a", "b")
	if err := os.WriteFile(s.o.numbered(2), []byte("other\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := effects("c")
	for range 2 {
		if err := s.Write(t.Context(), e); err == nil || !strings.Contains(err.Error(), "out-000002.jsonl, which is there already; move that away") {
			t.Fatal(err)
		}
	}
	if err := os.Remove(s.o.numbered(2)); err != nil {
		t.Fatal(err)
	}
	write(t, s, "c")
	if got := p.lines(); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("lines %q", got)
	}
}

// TestRotateSteps ends a rotation at every step, by a failure that passes and by a kill: no line is lost or comes twice
// (S2, E2), and each is in one file.
func TestRotateSteps(t *testing.T) {
	lose := func(p *place, which func(state) bool) func() {
		return func() {
			f := func(r []store.Record) bool {
				now, err := decodeState(r[0].Value)
				if err != nil || !which(now) {
					return false
				}
				p.crashed = true
				return true
			}
			p.answer.Store(&f)
		}
	}
	for name, arm := range map[string]func(p *place) func(){
		"announced": func(p *place) func() { return lose(p, func(s state) bool { return s.To > 0 }) },
		"not announced, full": func(p *place) func() {
			return func() { p.store.FailNext(store.ErrFull) }
		},
		"not renamed": func(p *place) func() {
			return func() { p.rename = func(string, string) error { return errDisk } }
		},
		"killed before the rename": func(p *place) func() {
			return func() { p.rename = func(string, string) error { return p.crash() } }
		},
		"killed behind the rename": func(p *place) func() {
			return func() {
				p.rename = func(from, to string) error { return errors.Join(os.Rename(from, to), p.crash()) }
			}
		},
		"renamed, and said not to be": func(p *place) func() {
			return func() {
				p.rename = func(from, to string) error { return errors.Join(os.Rename(from, to), errDisk) }
			}
		},
		"new file, not committed": func(p *place) func() {
			return func() {
				p.rename = func(from, to string) error {
					p.store.FailNext(errDisk)
					return os.Rename(from, to)
				}
			}
		},
		"committed": func(p *place) func() {
			return lose(p, func(s state) bool { return s.Number == 2 && s.To == 0 && s.Length == 0 })
		},
		"first line not committed": func(p *place) func() { return func() { p.synced() } },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.rotate = Rotate{Size: 1}
			s := reopened(t, p)
			write(t, s, "a", "b")
			arm(p)()
			e := effects("c")
			err := s.Write(t.Context(), e)
			if err == nil {
				t.Fatal("nothing failed")
			}
			if !p.crashed && p.store != nil {
				if err := s.Write(t.Context(), e); err != nil { // it passed
					t.Fatal(err)
				}
			}
			_ = s.Close()
			s = reopened(t, p)
			for _, line := range []string{"c", "d", "e"} {
				for e := range slices.Values(effects(line)) {
					if !p.durable(&e) {
						write(t, s, line)
					}
				}
			}
			if got := p.lines(); !slices.Equal(got, []string{"a", "b", "c", "d", "e"}) {
				t.Errorf("lines %q", got)
			}
			for n, line := range []string{"a", "b", "c", "d"} {
				if text, err := os.ReadFile(s.o.numbered(int64(n + 1))); err != nil || string(text) != line+"\n" {
					t.Errorf("file %d has %q, %v", n+1, text, err)
				}
			}
		})
	}
}

// TestRotateRestored: a store that is older than the last rotation, from a backup, is told how to go on, and does.
func TestRotateRestored(t *testing.T) {
	p := newPlace(t)
	p.rotate = Rotate{Size: 10}
	s := reopened(t, p)
	write(t, s, "aaaa")
	key := stateKey("out")
	old, err := p.store.Get(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, "bbbb", "cccc", "dddd", "eeee")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	p.want("out-000001.jsonl", "out-000002.jsonl", "out.jsonl")
	token, err := p.store.Claim(t.Context(), "sink/out")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.store.Append(t.Context(), token, []store.Record{{Op: store.Put, Key: key, Value: old}}); err != nil {
		t.Fatal(err)
	}
	_, err = p.open()
	want := fmt.Sprintf("was put aside as %s after what this store knows; to go on from there, move %s and files with higher numbers away", s.o.numbered(1), p.path)
	if !errors.Is(err, ErrChanged) || !strings.Contains(err.Error(), want) {
		t.Fatalf("got %v", err)
	}
	if err := errors.Join(os.Remove(s.o.numbered(2)), os.Rename(s.o.numbered(1), p.path)); err != nil {
		t.Fatal(err)
	}
	reopened(t, p)
	if got := p.lines(); !slices.Equal(got, []string{"aaaa"}) {
		t.Errorf("cut back to %q", got)
	}
}

func TestRotateOptions(t *testing.T) {
	p := newPlace(t)
	for _, r := range []Rotate{{Keep: 1}, {Size: -1}, {Age: -1}} {
		p.rotate = r
		if _, err := p.open(); err == nil || !strings.Contains(err.Error(), "want a size or an age") {
			t.Errorf("%+v: %v", r, err)
		}
	}
}
