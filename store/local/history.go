package local

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/peltonhq/pelton/store"
)

var sinceKey = store.Key(store.SpaceStore, "since")

// history is what a store knows of what it lost.
type history struct {
	since time.Time // when it began anew; zero: never
	cut   bool      // a power cut may have taken unsynced writes
	lost  int64     // bytes of the WAL that it had torn, which were cut off
}

// Since implements [store.Store].
func (s *Store) Since() time.Time { return s.history.since }

// loadSince reads when the history began.
func (s *Store) loadSince() error {
	value, closer, err := s.db.Get(sinceKey)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return s.unreadable(err)
	}
	defer closer.Close()
	if len(value) != 8 {
		return s.unreadable(fmt.Errorf("the record of its history is %x", value))
	}
	s.history.since = time.UnixMicro(int64(binary.BigEndian.Uint64(value) & (1<<63 - 1)))
	return nil
}

// renew begins the history anew, durably in either mode, and later than it began before.
func (s *Store) renew(now time.Time) error {
	micros := now.UnixMicro()
	if before := s.history.since; !before.IsZero() {
		micros = max(micros, before.UnixMicro()+1)
	}
	err := s.db.Set(sinceKey, binary.BigEndian.AppendUint64(nil, uint64(micros)), pebble.Sync)
	if err == nil && s.o.Sync == SyncOff {
		err = s.db.Flush() // its sync of the WAL did nothing
	}
	if err != nil {
		return fmt.Errorf("store %s: begin its history anew: %w; check the disk", s.o.Dir, err)
	}
	s.history.since = time.UnixMicro(micros)
	return nil
}

// left tells whether an earlier process left writes that were never synced, and which start of the machine it had.
func (s *Store) left() (boot string, left bool, err error) {
	text, err := s.slurp(s.files.PathJoin(s.o.Dir, unsyncedFile))
	switch {
	case err == nil:
		return string(text), true, nil
	case errors.Is(err, fs.ErrNotExist):
		return "", false, nil
	}
	return "", false, err
}

// settle makes what SyncOff left to the operating system durable, after the database was closed, and takes the sign of it
// away: a power cut after a clean end takes nothing.
func (s *Store) settle() error {
	if failed := s.failed.Load() != nil; failed || s.o.Sync != SyncOff {
		return nil
	}
	logs, err := s.logs()
	for i := 0; i < len(logs) && err == nil; i++ {
		err = s.syncFile(logs[i].path)
	}
	if err == nil {
		err = s.syncDir()
	}
	if err != nil {
		return fmt.Errorf("sync the log: %w", err)
	}
	return errors.Join(s.files.Remove(s.files.PathJoin(s.o.Dir, unsyncedFile)), s.syncDir())
}

// syncFile syncs a file that may have been written through [unsynced].
func (s *Store) syncFile(path string) error {
	f, err := s.files.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
