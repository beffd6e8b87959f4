package local

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/peltonhq/pelton/store"
)

// machine opens stores in its present start.
type machine struct {
	dir  string
	boot string
}

func (m *machine) open(t *testing.T, sync Sync) *Store {
	t.Helper()
	return open(t, Options{Dir: m.dir, Sync: sync, boot: func() string { return m.boot }})
}

// die gives the machine what a process leaves that was killed.
func (m *machine) die(t *testing.T, s *Store) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "left")
	if err := os.CopyFS(dir, os.DirFS(m.dir)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	m.dir = dir
}

func since(t *testing.T, s *Store, want, cut bool) time.Time {
	t.Helper()
	if have := !s.Since().IsZero(); have != want || s.Cut() != cut {
		t.Fatalf("since %v, cut %t; want begun anew: %t, cut: %t", s.Since(), s.Cut(), want, cut)
	}
	return s.Since()
}

// TestSince: with sync: off the history begins anew when the machine went down before a clean end, not after a kill, and that
// outlives the next power cut.
func TestSince(t *testing.T) {
	m := &machine{dir: t.TempDir(), boot: "one"}
	s := m.open(t, SyncOff)
	since(t, s, false, false)
	grow(t, s, 1)
	m.die(t, s)

	s = m.open(t, SyncOff) // a kill takes nothing
	since(t, s, false, false)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	m.boot = "two"
	s = m.open(t, SyncOff) // nor does a machine that went down after a clean end
	since(t, s, false, false)
	grow(t, s, 2)
	m.die(t, s)

	m.boot = "three"
	s = m.open(t, SyncOff)
	first := since(t, s, true, true)
	m.die(t, s)
	edit(t, filepath.Join(m.dir, "*.log"), func(path string) error { return os.Truncate(path, 0) }) // all that was not synced

	s = m.open(t, SyncOff)
	if again := since(t, s, true, false); !again.Equal(first) {
		t.Errorf("the history begins at %v without its log; want %v", again, first)
	}
	m.die(t, s)

	m.boot = "four"
	s = m.open(t, SyncAlways)
	if second := since(t, s, true, true); !second.After(first) {
		t.Errorf("the history begins at %v, and before at %v", second, first)
	}
	second := s.Since()
	grow(t, s, 3)
	m.die(t, s)

	m.boot = "five"
	s = m.open(t, SyncAlways) // what is synced stays
	if again := since(t, s, true, false); !again.Equal(second) {
		t.Errorf("the history begins at %v; want %v", again, second)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// syncs counts the logs that are opened and synced.
type syncs struct {
	vfs.FS

	n atomic.Int64
}

func (f *syncs) Open(name string, o ...vfs.OpenOption) (vfs.File, error) {
	file, err := f.FS.Open(name, o...)
	if err == nil && strings.HasSuffix(name, ".log") {
		file = syncing{file, f}
	}
	return file, err
}

type syncing struct {
	vfs.File

	of *syncs
}

func (f syncing) Sync() error {
	f.of.n.Add(1)
	return f.File.Sync()
}

// TestSettle: a clean end with sync: off syncs every log that is left, before the sign of unsynced writes goes.
func TestSettle(t *testing.T) {
	dir, counted := t.TempDir(), &syncs{FS: vfs.Default}
	s := open(t, Options{Dir: dir, Sync: SyncOff, fs: counted})
	grow(t, s, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if n := counted.n.Load(); err != nil || len(logs) == 0 || n != int64(len(logs)) {
		t.Errorf("%d of %d logs were synced, %v", n, len(logs), err)
	}
}

// TestSinceUnknown: where nobody knows which start of the machine it is, an unclean end counts as a power cut.
func TestSinceUnknown(t *testing.T) {
	m := &machine{dir: t.TempDir()}
	s := m.open(t, SyncOff)
	since(t, s, false, false)
	m.die(t, s)
	s = m.open(t, SyncOff)
	since(t, s, true, true)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestSinceRestored: a restore begins the history anew, each time.
func TestSinceRestored(t *testing.T) {
	data, dir, last := one(t, "new"), t.TempDir(), time.Time{}
	for range 2 {
		restored(t, dir, data, true)
		s := open(t, Options{Dir: dir})
		if at := since(t, s, true, false); at.After(last) {
			last = at
		} else {
			t.Errorf("the history begins at %v, and before at %v", at, last)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSinceDamaged: a history whose begin can't be read is refused.
func TestSinceDamaged(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	if err := s.db.Set(sinceKey, []byte("soon"), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: dir}); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("opened: %v", err)
	}
}

func grow(t *testing.T, s *Store, n uint64) {
	t.Helper()
	if _, err := s.Append(t.Context(), claim(t, s), []store.Record{put(key(n), random(100))}); err != nil {
		t.Fatal(err)
	}
}
