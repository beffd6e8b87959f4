package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/peltonhq/pelton/internal/backup"
	"github.com/peltonhq/pelton/store"
)

// restoreDir is where a backup is unpacked and tried, in the store's directory, before it becomes the store.
const restoreDir = "restore"

// restoring is a file that is there while the files of the store are exchanged: Open refuses what is there then.
const restoring = "RESTORING"

// Restored is what a restore did.
type Restored struct {
	Header backup.Header
	Kept   string // the directory that the store of before is in; empty when there was none
}

// Restore makes the backup that r gives the store of a directory. A directory that has a store already is refused with
// [store.ErrExists] unless replace is set, which moves that store into a directory beneath its own; one that has
// something else is refused always, and so is one that a process has open ([store.ErrHeld]). The backup is unpacked
// beside, its digests are compared, and it is opened, all before the directory changes. Killed in between, the directory
// has the old store, the new one, or one that Open refuses: then restore again.
func Restore(ctx context.Context, dir string, r io.Reader, replace bool) (Restored, error) {
	if dir == "" {
		return Restored{}, fmt.Errorf("store.dir: empty; give a directory: %w", store.ErrInvalid)
	}
	if err := foreign(dir); err != nil {
		return Restored{}, err
	}
	s := &Store{o: Options{Dir: dir}, files: &files{FS: vfs.Default, dir: dir}}
	if err := s.acquire(); err != nil {
		if s.lock != nil {
			err = errors.Join(err, s.lock.Close())
		}
		return Restored{}, err
	}
	done, err := (&restorer{dir: dir, rename: os.Rename}).run(ctx, r, replace)
	return done, errors.Join(err, s.release())
}

// restorer works in a directory that is locked.
type restorer struct {
	dir    string
	rename func(from, to string) error // tests end it there
}

// foreign refuses a directory that has something else than a store.
func foreign(dir string) error {
	names, err := listed(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("store %s: %w", dir, err)
	}
	if len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return n == "LOCK" || strings.HasPrefix(n, "MANIFEST-") }) {
		return fmt.Errorf("store %s: it has files and is no store (%s …); give an empty directory: %w", dir, names[0], store.ErrExists)
	}
	return nil
}

func listed(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// contents are the files of the store in a directory, without what says who has it open.
func (r *restorer) contents() ([]string, error) {
	names, err := listed(r.dir)
	return slices.DeleteFunc(names, func(name string) bool {
		return name == "LOCK" || name == holderFile || name == restoreDir || name == restoring || name == backupDir || strings.HasPrefix(name, keptPrefix)
	}), err
}

func (r *restorer) run(ctx context.Context, data io.Reader, replace bool) (Restored, error) {
	old, err := r.contents()
	if err != nil {
		return Restored{}, fmt.Errorf("store %s: %w", r.dir, err)
	}
	if len(old) > 0 && !replace {
		return Restored{}, fmt.Errorf("store %s: %w: %d files; give another directory, or --replace to keep it aside and restore", r.dir, store.ErrExists, len(old))
	}
	fresh := filepath.Join(r.dir, restoreDir)
	done, err := unpack(ctx, fresh, data)
	if err == nil {
		err = try(fresh, time.Now())
	}
	if err == nil {
		done.Kept, err = r.exchange(fresh, old)
	}
	if err != nil {
		return Restored{}, errors.Join(fmt.Errorf("store %s: restore: %w", r.dir, err), os.RemoveAll(fresh))
	}
	return done, nil
}

// unpack writes the files of a backup into a new directory, durably.
func unpack(ctx context.Context, dir string, r io.Reader) (Restored, error) {
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o755)); err != nil {
		return Restored{}, err
	}
	header, err := backup.Read(r, func(h *backup.Header, f backup.File, r io.Reader) error {
		if h.Engine != "pebble" {
			return fmt.Errorf("%w: its files are those of %q", store.ErrVersion, h.Engine)
		}
		if h.Format > format {
			return fmt.Errorf("%w: %d, this program knows %d; use the program that wrote it (%s), or a later one", store.ErrVersion, h.Format, format, h.Program)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		return save(filepath.Join(dir, f.Name), r)
	})
	return Restored{Header: header}, err
}

func save(path string, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// try opens what was unpacked, as a run would, and begins its history anew: what came after the backup was told to clients,
// and is not in it.
func try(dir string, now time.Time) error {
	desc, err := pebble.Peek(dir, vfs.Default)
	if err != nil {
		return err
	}
	if !desc.Exists {
		return fmt.Errorf("%w: its files are no store", store.ErrCorrupt)
	}
	s, err := Open(Options{Dir: dir})
	if err != nil {
		return err
	}
	return errors.Join(s.renew(now), s.Close())
}

// exchange puts the fresh files in the place of the old ones, which it keeps, if there are any.
func (r *restorer) exchange(fresh string, old []string) (kept string, err error) {
	names, err := listed(fresh)
	if err != nil {
		return "", err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "LOCK" })
	mark := filepath.Join(r.dir, restoring)
	if err := errors.Join(save(mark, strings.NewReader("restore again with --replace\n")), syncDir(r.dir)); err != nil {
		return "", err
	}
	if len(old) > 0 {
		kept = filepath.Join(r.dir, keptPrefix+time.Now().UTC().Format("20060102T150405.000"))
		if err := os.Mkdir(kept, 0o755); err != nil {
			return "", err
		}
		if err := r.move(r.dir, kept, old); err != nil {
			return "", err
		}
	}
	if err := r.move(fresh, r.dir, names); err != nil {
		return "", err
	}
	return kept, errors.Join(os.Remove(mark), syncDir(r.dir), os.RemoveAll(fresh))
}

const keptPrefix = "before-"

// move renames files and makes that durable.
func (r *restorer) move(from, to string, names []string) error {
	for _, name := range names {
		if err := r.rename(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return errors.Join(syncDir(to), syncDir(from))
}

func syncDir(path string) error {
	dir, err := vfs.Default.OpenDir(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
