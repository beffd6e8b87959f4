package local

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/peltonhq/pelton/internal/backup"
	"github.com/peltonhq/pelton/store"
)

// backupDir is where the files of a backup in progress are, in the store's directory: on the same file system they are
// links. What a killed process left there is removed by the next Open.
const backupDir = "backup"

// Backup is a copy of a store at one instant, ready to be written. It must be closed; while it is open, the disk keeps
// files that the store itself has done with.
type Backup struct {
	s      *Store
	header backup.Header
	size   int64
}

// Backup copies the store at one instant while it goes on: everything that was acknowledged before the call, and of what
// is appended meanwhile a part without a hole. The copy is made of links but for the newest few MiB. Program is the
// version that the backup names. One backup is open at a time; another is [store.ErrBusy].
func (s *Store) Backup(program string) (*Backup, error) {
	if !s.backup.TryLock() {
		return nil, fmt.Errorf("store %s: backup: %w: another backup is being made", s.o.Dir, store.ErrBusy)
	}
	b := &Backup{s: s, header: backup.Header{Engine: "pebble", Format: format, Program: program, Created: time.Now().UTC()}}
	err := s.checkpoint()
	if err == nil {
		err = b.list()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store %s: backup: %w", s.o.Dir, err), b.Close())
	}
	return b, nil
}

func (s *Store) backupPath(name ...string) string {
	return s.files.PathJoin(append([]string{s.o.Dir, backupDir}, name...)...)
}

// checkpoint links and copies the files. The gate keeps Close from closing the database meanwhile.
func (s *Store) checkpoint() error {
	if err := s.view.enter("backup", nil); err != nil {
		return err
	}
	defer s.view.gate.RUnlock()
	if err := s.failure(); err != nil {
		return err
	}
	return s.db.Checkpoint(s.backupPath(), pebble.WithFlushedWAL())
}

func (b *Backup) list() error {
	names, err := b.s.files.List(b.s.backupPath())
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		info, err := b.s.files.Stat(b.s.backupPath(name))
		if err != nil {
			return err
		}
		b.header.Files = append(b.header.Files, backup.File{Name: name, Size: info.Size()})
	}
	b.size, err = b.header.Size()
	return err
}

// Size is how many bytes Write writes.
func (b *Backup) Size() int64 { return b.size }

// Write writes the backup. An error of w ends it and is returned.
func (b *Backup) Write(w io.Writer) error {
	err := backup.Write(w, b.header, func(name string) (io.ReadCloser, error) { return b.s.files.Open(b.s.backupPath(name)) })
	if err != nil {
		return fmt.Errorf("store %s: backup: %w", b.s.o.Dir, err)
	}
	return nil
}

// Close gives the files back.
func (b *Backup) Close() error {
	defer b.s.backup.Unlock()
	return b.s.files.RemoveAll(b.s.backupPath())
}
