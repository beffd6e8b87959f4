package local

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/peltonhq/pelton/store"
)

// broken is a file system whose WAL or manifest starts to fail.
func broken(on *atomic.Bool, suffix string, kinds ...errorfs.OpKind) vfs.FS {
	return errorfs.Wrap(vfs.Default, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if !on.Load() || !strings.Contains(filepath.Base(op.Path), suffix) {
			return nil
		}
		if slices.Contains(kinds, op.Kind) {
			return syscall.EIO
		}
		return nil
	}))
}

// TestSyncError: a failed fsync or write stops the store for good, nothing is acknowledged or seen that is not
// durable, reads go on, and everything in flight is answered.
func TestSyncError(t *testing.T) {
	for name, kinds := range map[string][]errorfs.OpKind{
		"sync":  {errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo},
		"write": {errorfs.OpFileWrite},
	} {
		t.Run(name, func(t *testing.T) {
			var on atomic.Bool
			dir := t.TempDir()
			s := open(t, Options{Dir: dir, fs: broken(&on, ".log", kinds...)})
			token := claim(t, s)
			if _, err := s.Append(t.Context(), token, []store.Record{put(key("a"), []byte("1"))}); err != nil {
				t.Fatal(err)
			}
			on.Store(true)
			var answers sync.WaitGroup
			for range 20 {
				answers.Add(1)
				s.AppendAsync(token, []store.Record{put(key("a"), []byte("2"))}, func(_ store.Pos, err error) {
					if !errors.Is(err, store.ErrFailed) {
						t.Errorf("append: %v; want ErrFailed", err)
					}
					answers.Done()
				})
			}
			answers.Wait()
			on.Store(false) // the disk is well again, the store is not
			_, err := s.Append(t.Context(), token, []store.Record{put(key("a"), []byte("3"))})
			if !errors.Is(err, store.ErrFailed) || !strings.Contains(err.Error(), dir) {
				t.Errorf("append after the failure: %v; want ErrFailed that names the directory", err)
			}
			if got, err := s.Get(key("a")); err != nil || string(got) != "1" {
				t.Errorf("read after the failure: %q, %v; want the durable 1", got, err)
			}
			if s.Stats().Err == nil {
				t.Error("stats do not tell the failure")
			}
			if err := s.Close(); !errors.Is(err, store.ErrFailed) {
				t.Errorf("close: %v; want ErrFailed", err)
			}
			s = open(t, Options{Dir: dir})
			defer s.Close()
			if got, err := s.Get(key("a")); err != nil || len(got) != 1 {
				t.Errorf("after reopen: %q, %v", got, err)
			}
		})
	}
}

// TestManifestError: Pebble calls a failed manifest write fatal, on a goroutine of its own; we stop and do not exit.
func TestManifestError(t *testing.T) {
	var on atomic.Bool
	dir := t.TempDir()
	s := open(t, Options{Dir: dir, fs: broken(&on, "MANIFEST", errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileWrite)})
	token := claim(t, s)
	value := random(64 << 10)
	on.Store(true)
	var err error
	for i := uint64(0); err == nil; i++ { // until a flush writes the manifest
		_, err = s.Append(t.Context(), token, []store.Record{put(key(i), value)})
		if i > 10*memtableBytes/uint64(len(value)) {
			t.Fatal("no flush came")
		}
	}
	if !errors.Is(err, store.ErrFailed) {
		t.Errorf("append: %v; want ErrFailed", err)
	}
	if got, err := s.Get(key(uint64(0))); err != nil || len(got) != len(value) {
		t.Errorf("read after the failure: %d bytes, %v", len(got), err)
	}
	if err := s.Close(); !errors.Is(err, store.ErrFailed) {
		t.Errorf("close: %v; want ErrFailed", err)
	}
}

// rows makes a closed store with some flushed data.
func rows(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	s := open(t, Options{Dir: dir})
	token := claim(t, s)
	for i := range uint64(100) {
		if _, err := s.Append(t.Context(), token, []store.Record{put(key(i), random(1000))}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func edit(t *testing.T, pattern string, change func(path string) error) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no file, %v", pattern, err)
	}
	for _, path := range paths {
		if err := change(path); err != nil {
			t.Fatal(err)
		}
	}
}

func truncate(path string) error { return os.Truncate(path, 10) }

// TestBadDirectory: each is one clear line with the class, the directory and what to do, and nothing is changed.
func TestBadDirectory(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(t *testing.T) Options
		class  error
		says   string
	}{
		{"no manifest", func(t *testing.T) Options {
			dir := rows(t)
			edit(t, filepath.Join(dir, "marker.manifest.*"), os.Remove)
			return Options{Dir: dir}
		}, store.ErrCorrupt, "restore it from a backup"},
		{"torn manifest", func(t *testing.T) Options {
			dir := rows(t)
			edit(t, filepath.Join(dir, "MANIFEST-*"), truncate)
			return Options{Dir: dir}
		}, store.ErrCorrupt, "restore it from a backup"},
		{"missing table", func(t *testing.T) Options {
			dir := rows(t)
			edit(t, filepath.Join(dir, "*.sst"), os.Remove)
			return Options{Dir: dir}
		}, store.ErrCorrupt, "restore it from a backup"},
		{"torn table", func(t *testing.T) Options {
			dir := rows(t)
			edit(t, filepath.Join(dir, "*.sst"), truncate)
			return Options{Dir: dir}
		}, store.ErrCorrupt, "restore it from a backup"},
		{"newer records", func(t *testing.T) Options {
			dir := rows(t)
			s := open(t, Options{Dir: dir})
			if err := s.db.Set(formatKey, store.AppendUint64(nil, format+1), nil); err != nil {
				t.Fatal(err)
			}
			s.Close()
			return Options{Dir: dir}
		}, store.ErrVersion, "run the program that wrote it"},
		{"newer engine", func(t *testing.T) Options {
			dir := rows(t)
			edit(t, filepath.Join(dir, "marker.format-version.*"), func(path string) error {
				return os.Rename(path, filepath.Join(dir, "marker.format-version.009999.999"))
			})
			return Options{Dir: dir}
		}, store.ErrVersion, "run the program that wrote it"},
		{"another program's", func(t *testing.T) Options {
			dir := rows(t)
			s := open(t, Options{Dir: dir})
			if err := s.db.Delete(formatKey, nil); err != nil {
				t.Fatal(err)
			}
			s.Close()
			return Options{Dir: dir}
		}, store.ErrCorrupt, "another program's"},
		{"a file", func(t *testing.T) Options {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return Options{Dir: path}
		}, syscall.ENOTDIR, "choose another store.dir"},
		{"no name", func(*testing.T) Options { return Options{} }, store.ErrInvalid, "store.dir"},
		{"unknown sync", func(t *testing.T) Options { return Options{Dir: t.TempDir(), Sync: "maybe"} }, store.ErrInvalid, "store.sync"},
		{"below zero", func(t *testing.T) Options { return Options{Dir: t.TempDir(), Reserve: -1} }, store.ErrInvalid, "store.reserve"},
		{"tiny", func(t *testing.T) Options { return Options{Dir: t.TempDir(), MaxBytes: 1} }, store.ErrInvalid, "store.max_bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := c.damage(t)
			for range 2 { // the first try must leave no lock behind, and not "repair" anything
				s, err := Open(o)
				if err == nil {
					s.Close()
					t.Fatal("opened")
				}
				if !errors.Is(err, c.class) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), o.Dir) {
					t.Errorf("error %q; want class %v, %q and the directory", err, c.class, c.says)
				}
				if strings.Contains(err.Error(), "\n") {
					t.Errorf("error has several lines: %q", err)
				}
			}
		})
	}
}
