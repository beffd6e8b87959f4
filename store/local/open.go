package local

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/internal/intake"
)

// Open opens the store in a directory, or makes a new one. A directory that another process has open is an
// [store.ErrHeld], one of a newer program an [store.ErrVersion], a damaged one an [store.ErrCorrupt].
func Open(o Options) (*Store, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.fs == nil {
		o.fs = vfs.Default
	}
	if o.boot == nil {
		o.boot = bootID
	}
	s := &Store{o: o, queue: intake.NewQueue(), ledger: intake.NewLedger(), ended: make(chan struct{})}
	s.files = &files{FS: o.fs, dir: o.Dir, noSync: o.Sync == SyncOff, reserve: o.Reserve}
	if err := s.acquire(); err != nil {
		if s.lock != nil {
			err = errors.Join(err, s.lock.Close())
		}
		return nil, err
	}
	if err := s.load(); err != nil {
		return nil, errors.Join(err, s.release())
	}
	s.view.publish(s.db)
	s.room.init(o.MaxBytes, o.Reserve, s.usage, s.reclaim)
	go s.run()
	return s, nil
}

func (s *Store) load() error {
	if err := s.probe(); err != nil {
		return err
	}
	if err := s.files.RemoveAll(s.backupPath()); err != nil { // of a process that was killed
		return s.unreadable(err)
	}
	boot, left, err := s.left()
	if err != nil {
		return s.unreadable(err)
	}
	if s.o.Sync == SyncOff && !left {
		if err := s.note(); err != nil {
			return fmt.Errorf("store %s: write %s: %w; fix its permissions or choose another store.dir", s.o.Dir, unsyncedFile, err)
		}
	}
	if err := s.openPebble(); err != nil {
		return err
	}
	err = s.checkFormat()
	if err == nil {
		err = s.loadSince()
	}
	h := &s.history
	if h.cut = left && (boot == "" || boot != s.o.boot()) || h.lost > 0; h.cut && err == nil {
		err = s.renew(time.Now())
	}
	if err == nil {
		err = s.note()
	}
	if err == nil {
		err = s.loadPartitions()
	}
	if err == nil {
		err = s.failure()
	}
	if err != nil {
		err = errors.Join(err, s.db.Close())
	}
	return err
}

// probe refuses a directory that has data but no manifest: Pebble would start an empty store beside it.
func (s *Store) probe() error {
	desc, err := pebble.Peek(s.o.Dir, s.files)
	if err != nil {
		return s.unreadable(err)
	}
	names, err := s.files.List(s.o.Dir)
	if err != nil {
		return s.unreadable(err)
	}
	if slices.Contains(names, restoring) {
		return s.unreadable(errors.New("a restore was interrupted: what is there is half a store"))
	}
	if desc.Exists {
		return nil
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".sst") {
			return s.unreadable(fmt.Errorf("it has %s but no manifest", name))
		}
	}
	return nil
}

// openPebble turns the panics of a damaged directory into an error.
func (s *Store) openPebble() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = s.unreadable(fmt.Errorf("%v", p))
		}
	}()
	s.db, err = pebble.Open(s.o.Dir, s.pebbleOptions())
	if err != nil && s.torn(err) {
		if err := s.salvage(); err != nil {
			return fmt.Errorf("store %s: cut off what a power cut left of writes that were not synced: %w; check the disk", s.o.Dir, err)
		}
		s.db, err = pebble.Open(s.o.Dir, s.pebbleOptions())
	}
	if err != nil {
		return s.unreadable(err)
	}
	return nil
}

func (s *Store) unreadable(err error) error {
	text, _, _ := strings.Cut(err.Error(), "\n")
	if strings.Contains(text, "format major version") {
		return fmt.Errorf("store %s: %w (%s); run the program that wrote it, or a later one", s.o.Dir, store.ErrVersion, text)
	}
	return fmt.Errorf("store %s: %w: %s; restore it from a backup, or move it away to start empty", s.o.Dir, store.ErrCorrupt, text)
}

// format is the version of what this program writes. It rises when older programs can't read the records any more.
//
//	2  one record may hold several marks of a lane (store.Marks)
const format = 2

// migrations[v] brings a store of format v to v+1, in place; the record of the format is set after each. Where there is none,
// this program reads the records of v as they are.
var migrations = map[uint64]func(*pebble.DB) error{}

var formatKey = store.Key(store.SpaceStore, "format")

func (s *Store) checkFormat() error {
	have, err := s.storedFormat()
	if err != nil {
		return err
	}
	if have > format {
		return fmt.Errorf("store %s: %w: %d, this program knows %d; run the program that wrote it, or a later one",
			s.o.Dir, store.ErrVersion, have, format)
	}
	for v := have; v < format; v++ {
		if migrate := migrations[v]; v > 0 && migrate != nil {
			if err := migrate(s.db); err != nil {
				return fmt.Errorf("store %s: migrate from format %d: %w", s.o.Dir, v, err)
			}
		}
		if err := s.db.Set(formatKey, binary.BigEndian.AppendUint64(nil, v+1), pebble.Sync); err != nil {
			return fmt.Errorf("store %s: write format: %w", s.o.Dir, err)
		}
	}
	return nil
}

// storedFormat is 0 for a new store.
func (s *Store) storedFormat() (uint64, error) {
	value, closer, err := s.db.Get(formatKey)
	if err == nil {
		defer closer.Close()
		if len(value) != 8 {
			return 0, s.unreadable(fmt.Errorf("format record is %x", value))
		}
		return binary.BigEndian.Uint64(value), nil
	}
	if !errors.Is(err, pebble.ErrNotFound) {
		return 0, s.unreadable(err)
	}
	iter, err := s.db.NewIter(nil)
	if err != nil {
		return 0, s.unreadable(err)
	}
	used := iter.First()
	if err := iter.Close(); err != nil {
		return 0, s.unreadable(err)
	}
	if used {
		return 0, s.unreadable(errors.New("it has no format record: another program's database"))
	}
	return 0, nil
}

func (s *Store) loadPartitions() error {
	prefix := intake.PartitionPrefix()
	iter, err := s.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: store.PrefixEnd(prefix)})
	if err != nil {
		return s.unreadable(err)
	}
	for ok := iter.First(); ok && err == nil; ok = iter.Next() {
		err = s.ledger.Load(bytes.Clone(iter.Key()), bytes.Clone(iter.Value()))
	}
	if err = errors.Join(err, iter.Close()); err != nil {
		return s.unreadable(err)
	}
	return nil
}
