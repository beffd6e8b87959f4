package local

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/peltonhq/pelton/internal/backup"
	"github.com/peltonhq/pelton/store"
)

// load appends numbers, several in flight, until the returned stop; acked is one more than the last that is durable.
func load(t *testing.T, s *Store) (acked *atomic.Uint64, stop func()) {
	t.Helper()
	token := claim(t, s)
	acked = new(atomic.Uint64)
	window := make(chan struct{}, 64)
	done := make(chan struct{})
	var worker sync.WaitGroup
	worker.Go(func() {
		for n := uint64(0); ; n++ {
			select {
			case <-done:
				return
			case window <- struct{}{}:
			}
			s.AppendAsync(token, []store.Record{put(key("n", n), fill(n)), put(key("twin", n), fill(n))}, func(_ store.Pos, err error) {
				if err != nil {
					t.Error(err)
				}
				acked.Store(n + 1)
				<-window
			})
		}
	})
	return acked, func() {
		close(done)
		worker.Wait()
	}
}

func copied(t *testing.T, s *Store) []byte {
	t.Helper()
	b, err := s.Backup("test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Backup("test"); !errors.Is(err, store.ErrBusy) {
		t.Errorf("a second backup: %v; want ErrBusy", err)
	}
	var out bytes.Buffer
	if err := b.Write(&out); err != nil {
		t.Fatal(err)
	}
	if b.Size() != int64(out.Len()) {
		t.Errorf("%d bytes were written, announced were %d", out.Len(), b.Size())
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func restored(t *testing.T, dir string, data []byte, replace bool) Restored {
	t.Helper()
	r, err := Restore(t.Context(), dir, bytes.NewReader(data), replace)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestBackup: a backup under load has everything acknowledged before it, and of the rest a part without a hole (D2),
// whatever is flushed and compacted meanwhile; the store itself loses nothing.
func TestBackup(t *testing.T) {
	for _, mode := range []Sync{SyncAlways, SyncOff} {
		t.Run(string(mode), func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, Options{Dir: dir, Sync: mode})
			acked, stop := load(t, s)
			type taken struct {
				data  []byte
				acked uint64
			}
			var all []taken
			for len(all) < 3 {
				at := acked.Load()
				if at < uint64(len(all)+1)*2000 {
					continue
				}
				all = append(all, taken{copied(t, s), at})
			}
			stop()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(dir, backupDir)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the backup's files are still there: %v", err)
			}
			verify(t, dir, mode, acked.Load()-1)
			for _, b := range all {
				other := filepath.Join(t.TempDir(), "new", "store")
				restored(t, other, b.data, false)
				verify(t, other, mode, b.acked-1)
			}
		})
	}
}

// TestBackupKilled: what a killed process left of a backup is removed, and another can be made.
func TestBackupKilled(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, backupDir, "half"), 0o755); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{Dir: dir})
	defer s.Close()
	copied(t, s)
}

func TestBackupClosed(t *testing.T) {
	s := open(t, Options{Dir: t.TempDir()})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := s.Backup("test"); !errors.Is(err, store.ErrClosed) {
			t.Errorf("backup of a closed store: %v", err)
		}
	}
}

// one is a backup of a store with one record.
func one(t *testing.T, value string) []byte {
	t.Helper()
	s := open(t, Options{Dir: t.TempDir()})
	defer s.Close()
	if _, err := s.Append(t.Context(), claim(t, s), []store.Record{put(key("a"), []byte(value))}); err != nil {
		t.Fatal(err)
	}
	return copied(t, s)
}

func value(t *testing.T, dir string) string {
	t.Helper()
	s := open(t, Options{Dir: dir})
	defer s.Close()
	got, err := s.Get(key("a"))
	if err != nil {
		t.Error(err)
	}
	return string(got)
}

// TestRestoreReplace: a store that is there stays, or is kept aside, whole.
func TestRestoreReplace(t *testing.T) {
	dir := t.TempDir()
	restored(t, dir, one(t, "old"), false)
	data := one(t, "new")
	if _, err := Restore(t.Context(), dir, bytes.NewReader(data), false); !errors.Is(err, store.ErrExists) || !strings.Contains(err.Error(), "--replace") {
		t.Errorf("over a store: %v", err)
	}
	if got := value(t, dir); got != "old" {
		t.Errorf("the refused store has %q", got)
	}
	r := restored(t, dir, data, true)
	if got := value(t, dir); got != "new" || r.Header.Program != "test" {
		t.Errorf("restored %q, %+v", got, r)
	}
	if got := value(t, r.Kept); got != "old" {
		t.Errorf("kept %q", got)
	}
	restored(t, dir, data, true)
	if got := value(t, dir); got != "new" {
		t.Errorf("restored again: %q", got)
	}
}

// TestRestoreRefused: what is torn, newer or not for a store changes nothing.
func TestRestoreRefused(t *testing.T) {
	data := one(t, "new")
	flipped := bytes.Clone(data)
	flipped[len(flipped)/2] ^= 1
	made := func(h backup.Header) []byte {
		var out bytes.Buffer
		if err := backup.Write(&out, h, nil); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	for name, c := range map[string]struct {
		data []byte
		is   error
		want string
	}{
		"torn":           {data[:len(data)-2000], backup.ErrTorn, "ends early"},
		"flipped":        {flipped, backup.ErrTorn, ""},
		"empty":          {nil, backup.ErrFormat, ""},
		"newer format":   {makeOne(t, backup.Header{Engine: "pebble", Format: format + 1, Program: "9.9"}), store.ErrVersion, "use the program that wrote it (9.9)"},
		"other engine":   {makeOne(t, backup.Header{Engine: "jetstream", Format: 1}), store.ErrVersion, "jetstream"},
		"without a file": {made(backup.Header{Engine: "pebble", Format: 1}), store.ErrCorrupt, "its files are no store"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, replace := range []bool{false, true} {
				dir := t.TempDir()
				if replace {
					restored(t, dir, one(t, "old"), false)
				}
				_, err := Restore(t.Context(), dir, bytes.NewReader(c.data), replace)
				if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v", err)
				}
				if _, err := os.Stat(filepath.Join(dir, restoreDir)); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("something is left: %v", err)
				}
				if replace && value(t, dir) != "old" {
					t.Error("the store of before has changed")
				}
			}
		})
	}
}

// makeOne is a backup with one file.
func makeOne(t *testing.T, h backup.Header) []byte {
	t.Helper()
	h.Files = []backup.File{{Name: "x", Size: 1}}
	var out bytes.Buffer
	if err := backup.Write(&out, h, func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("x")), nil }); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestRestoreElsewhere(t *testing.T) {
	data := one(t, "new")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.txt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), dir, bytes.NewReader(data), true); !errors.Is(err, store.ErrExists) || !strings.Contains(err.Error(), "thesis.txt") {
		t.Errorf("into a directory of something else: %v", err)
	}
	if names, err := listed(dir); err != nil || len(names) != 1 {
		t.Errorf("it has %v now, %v", names, err)
	}
	held := t.TempDir()
	s := open(t, Options{Dir: held})
	defer s.Close()
	if _, err := Restore(t.Context(), held, bytes.NewReader(data), true); !errors.Is(err, store.ErrHeld) {
		t.Errorf("into a store that is open: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Restore(ctx, t.TempDir(), bytes.NewReader(data), false); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := Restore(t.Context(), "", bytes.NewReader(data), false); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("no directory: %v", err)
	}
}

// TestRestoreKilled: killed at any step, the directory has the old store, the new one, or one that Open refuses; then
// restoring again helps.
func TestRestoreKilled(t *testing.T) {
	data := one(t, "new")
	for steps := range 40 {
		dir := t.TempDir()
		restored(t, dir, one(t, "old"), false)
		whole := stopAfter(t, dir, data, steps)
		s, err := Open(Options{Dir: dir})
		switch {
		case err == nil:
			got, err := s.Get(key("a"))
			if err != nil || string(got) != "old" && string(got) != "new" {
				t.Errorf("after %d steps: %q, %v", steps, got, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		case !errors.Is(err, store.ErrCorrupt):
			t.Errorf("after %d steps: %v", steps, err)
		}
		restored(t, dir, data, true)
		if got := value(t, dir); got != "new" {
			t.Errorf("after %d steps and again: %q", steps, got)
		}
		if whole {
			return
		}
	}
	t.Error("a restore takes more steps than were tried")
}

// stopAfter restores until so many files were moved, as if the process were killed there; whole is true when it got to
// its end before.
func stopAfter(t *testing.T, dir string, data []byte, steps int) (whole bool) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil && p != killedHere {
			panic(p)
		}
	}()
	r := &restorer{dir: dir, rename: func(from, to string) error {
		if steps--; steps < 0 {
			panic(killedHere)
		}
		return os.Rename(from, to)
	}}
	if _, err := r.run(t.Context(), bytes.NewReader(data), true); err != nil {
		t.Fatal(err)
	}
	return true
}

const killedHere = "killed here"
