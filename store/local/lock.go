package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/peltonhq/pelton/store"
)

const holderFile = "holder.json"

// acquire takes Pebble's lock of the directory, which the operating system frees when the process ends in any way.
func (s *Store) acquire() error {
	if err := s.files.MkdirAll(s.o.Dir, 0o755); err != nil {
		return fmt.Errorf("store %s: cannot make the directory: %w; choose another store.dir or fix its permissions", s.o.Dir, err)
	}
	lock, err := pebble.LockDirectory(s.o.Dir, s.files)
	if err != nil {
		if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) && lockable(s.o.Dir) ||
			strings.Contains(err.Error(), "lock held by current process") {
			return &store.HeldError{Dir: s.o.Dir, Holder: readHolder(s.o.Dir)}
		}
		return fmt.Errorf("store %s: cannot lock it: %w; fix its permissions or choose another store.dir", s.o.Dir, err)
	}
	s.lock = lock
	return s.SetAddr(s.o.Addr)
}

// lockable reports whether the lock file can be written at all, so that EACCES means "held" and not "forbidden".
func lockable(dir string) bool {
	f, err := os.OpenFile(filepath.Join(dir, "LOCK"), os.O_RDWR, 0)
	if err != nil {
		return false
	}
	f.Close() //nolint:errcheck // it was only locked
	return true
}

// SetAddr tells a second opener of the directory where this process listens.
func (s *Store) SetAddr(addr string) error {
	text, err := json.Marshal(store.Holder{PID: os.Getpid(), Addr: addr})
	if err != nil {
		return err
	}
	path := filepath.Join(s.o.Dir, holderFile)
	if err = os.WriteFile(path+".new", append(text, '\n'), 0o644); err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("store %s: cannot write %s: %w", s.o.Dir, holderFile, err)
	}
	return nil
}

// readHolder is who wrote the holder file; a missing or torn one is nobody known.
func readHolder(dir string) store.Holder {
	var h store.Holder
	text, err := os.ReadFile(filepath.Join(dir, holderFile))
	if err != nil || json.Unmarshal(text, &h) != nil {
		return store.Holder{}
	}
	return h
}

// release gives the directory up.
func (s *Store) release() error {
	err := os.Remove(filepath.Join(s.o.Dir, holderFile))
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, s.lock.Close())
}
