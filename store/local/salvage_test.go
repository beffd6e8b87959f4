package local

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/peltonhq/pelton/store"
)

// damaged writes numbers, takes a copy of the directory as a power cut would find it, but for a page in the midst of
// the log, which was never written back. It gives the copy, and how many numbers were acknowledged.
func damaged(t *testing.T, sync Sync) (dir string, count uint64) {
	t.Helper()
	from := t.TempDir()
	if err := open(t, Options{Dir: from, Sync: sync}).Close(); err != nil { // the first log of a store is of an older form
		t.Fatal(err)
	}
	s := open(t, Options{Dir: from, Sync: sync})
	defer s.Close()
	token := claim(t, s)
	for ; count < 200; count++ {
		if _, err := s.Append(t.Context(), token, []store.Record{put(key(count), random(1000))}); err != nil {
			t.Fatal(err)
		}
	}
	dir = filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	edit(t, filepath.Join(dir, "*.log"), func(path string) error {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteAt(make([]byte, 4<<10), 100<<10)
		return errors.Join(err, f.Close())
	})
	return dir, count
}

// TestSalvage: what sync: off gives up at a power cut is its newest writes, not the store; what is left is a beginning
// of what was acknowledged. A process that syncs again may be the one that opens it.
func TestSalvage(t *testing.T) {
	for _, next := range []Sync{SyncOff, SyncAlways} {
		t.Run(string(next), func(t *testing.T) {
			dir, count := damaged(t, SyncOff)
			s := open(t, Options{Dir: dir, Sync: next})
			kept := uint64(0)
			for n := range count {
				_, err := s.Get(key(n))
				if err != nil && !errors.Is(err, store.ErrNotFound) {
					t.Fatal(err)
				}
				if err == nil {
					if kept != n {
						t.Fatalf("record %d is there behind a hole at %d", n, kept)
					}
					kept++
				}
			}
			if kept < 50 || kept == count {
				t.Errorf("%d of %d records are left; want those before the hole", kept, count)
			}
			if s.Lost() < 50_000 || s.Lost() > 250_000 {
				t.Errorf("%d bytes are told to be lost", s.Lost())
			}
			token := claim(t, s)
			if _, err := s.Append(t.Context(), token, []store.Record{put(key("new"), nil)}); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(dir, unsyncedFile)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("sync %s: the sign of unsynced writes after a clean end: %v", next, err)
			}
			s = open(t, Options{Dir: dir, Sync: next})
			defer s.Close()
			if _, err := s.Get(key("new")); err != nil || s.Lost() != 0 {
				t.Errorf("after reopen: %v, %d bytes lost", err, s.Lost())
			}
		})
	}
}

// TestSalvageLogs: a hole in a log takes the logs behind it with it, also when these are whole.
func TestSalvageLogs(t *testing.T) {
	dir, _ := damaged(t, SyncOff)
	paths, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("%v, %v; want one log", paths, err)
	}
	later := filepath.Join(dir, "900000.log")
	if err := os.WriteFile(later, []byte("any"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{Dir: dir})
	defer s.Close()
	if _, err := os.Stat(later); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the log behind the hole is there: %v", err)
	}
	if _, err := s.Get(key(uint64(0))); err != nil {
		t.Errorf("what came before the hole: %v", err)
	}
}

// TestNoSalvage: a hole in what was synced is damage, and nothing is cut off.
func TestNoSalvage(t *testing.T) {
	dir, _ := damaged(t, SyncAlways)
	before := sizes(t, dir)
	for range 2 {
		if s, err := Open(Options{Dir: dir}); !errors.Is(err, store.ErrCorrupt) {
			if err == nil {
				s.Close()
			}
			t.Fatalf("open: %v; want ErrCorrupt", err)
		}
	}
	if after := sizes(t, dir); after != before {
		t.Errorf("the logs had %d bytes, and have %d", before, after)
	}
}

func sizes(t *testing.T, dir string) (sum int64) {
	t.Helper()
	edit(t, filepath.Join(dir, "*.log"), func(path string) error {
		info, err := os.Stat(path)
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum
}
