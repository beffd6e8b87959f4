package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/peltonhq/pelton/internal/bundle"
)

// layout is the files of a version on disk, for as long as its module is there. A copy of its own means that an edit of
// the files does not change what runs, and that a rollback runs what ran. A lock beside it says that it is in use.
type layout struct {
	dir  string
	lock *os.File
}

const lockSuffix = ".lock"

// lay writes files into a new directory.
func lay(base string, files []bundle.File) (*layout, error) {
	l, err := newLayout(base)
	if err != nil {
		return nil, fmt.Errorf("directory of process plugins: %w", err)
	}
	for _, f := range files {
		if err := l.write(f); err != nil {
			l.remove()
			return nil, fmt.Errorf("directory of process plugins: %w", err)
		}
	}
	return l, nil
}

func newLayout(base string) (*layout, error) {
	for {
		f, err := os.CreateTemp(base, "*"+lockSuffix)
		if err != nil {
			return nil, err
		}
		l := &layout{dir: strings.TrimSuffix(f.Name(), lockSuffix), lock: f}
		if tryLock(f) && l.current() {
			return l, os.Mkdir(l.dir, 0o700)
		}
		f.Close() //nolint:errcheck // a sweep was faster and has removed it
	}
}

// current is false when a sweep removed the lock's file between its making and its locking.
func (l *layout) current() bool {
	mine, err := l.lock.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(l.lock.Name())
	return err == nil && os.SameFile(mine, there)
}

func (l *layout) write(f bundle.File) error {
	path := filepath.Join(l.dir, filepath.FromSlash(f.Name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	mode := os.FileMode(0o600)
	if f.Executable {
		mode = 0o700
	}
	return os.WriteFile(path, f.Content, mode)
}

func (l *layout) remove() {
	_ = os.RemoveAll(l.dir) // what is left the next sweep takes
	_ = os.Remove(l.lock.Name())
	_ = l.lock.Close()
}

// sweep removes what wheels left that were killed. What it can't remove stays; the next one tries again.
func sweep(base string) {
	locks, err := filepath.Glob(filepath.Join(base, "*"+lockSuffix))
	if err != nil {
		return
	}
	for _, name := range locks {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		l := &layout{dir: strings.TrimSuffix(name, lockSuffix), lock: f}
		if tryLock(f) && l.current() {
			l.remove()
			continue
		}
		f.Close() //nolint:errcheck // it was only looked at
	}
}
