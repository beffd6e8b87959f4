package local

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"slices"

	"github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/wal"
)

// unsyncedFile is there while the WAL may have writes that were never synced. A power cut then leaves any part of them:
// the operating system writes pages back in no order. Pebble was told that they were synced, takes the hole for
// damage and refuses to open. Only where this file is are they what [SyncOff] gives up, and cut off.
const unsyncedFile = "UNSYNCED"

// note leaves the file, durably and before the first unsynced write, or takes it away: what an earlier process wrote
// is in table files by now, as Pebble flushes what it finds in the WAL when it opens. In it is which start of the machine
// wrote: while that is the present one, nothing that was written is lost.
func (s *Store) note() error {
	name := s.files.PathJoin(s.o.Dir, unsyncedFile)
	if s.o.Sync != SyncOff {
		if _, err := s.files.Stat(name); err != nil {
			return nil //nolint:nilerr // it is not there
		}
		return errors.Join(s.files.Remove(name), s.syncDir())
	}
	f, err := s.files.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(s.o.boot()))
	return errors.Join(err, f.Sync(), f.Close(), s.syncDir())
}

func (s *Store) syncDir() error {
	d, err := s.files.OpenDir(s.o.Dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// torn reports whether opening failed at a WAL that was never synced.
func (s *Store) torn(err error) bool {
	if !errors.Is(err, record.ErrInvalidChunk) && !errors.Is(err, record.ErrZeroedChunk) && !errors.Is(err, record.ErrUnexpectedEOF) {
		return false
	}
	_, err = s.files.Stat(s.files.PathJoin(s.o.Dir, unsyncedFile))
	return err == nil
}

// salvage cuts the WAL off at its first record that is not whole, and removes the logs behind it. What is left is what
// some earlier moment had. It counts the bytes that are gone.
func (s *Store) salvage() error {
	logs, err := s.logs()
	if err != nil {
		return err
	}
	for i, l := range logs {
		text, err := s.slurp(l.path)
		if err != nil {
			return err
		}
		end, whole := intact(text, uint64(l.num))
		if whole {
			continue
		}
		// First what is behind it, the newest first: wherever this is interrupted, no log follows a hole.
		for _, later := range slices.Backward(logs[i+1:]) {
			if info, err := s.files.Stat(later.path); err == nil {
				s.history.lost += info.Size()
			}
			if err := errors.Join(s.files.Remove(later.path), s.syncDir()); err != nil {
				return err
			}
		}
		s.history.lost += int64(len(text)) - end
		if err := s.shorten(l.path, text[:end]); err != nil {
			return err
		}
		return s.syncDir()
	}
	return nil
}

// log is a file of the WAL.
type log struct {
	num  wal.NumWAL
	path string
}

// logs are the files of the WAL, the oldest first.
func (s *Store) logs() (all []log, err error) {
	names, err := s.files.List(s.o.Dir)
	for _, name := range names {
		if num, _, ok := wal.ParseLogFilename(name); ok {
			all = append(all, log{num, s.files.PathJoin(s.o.Dir, name)})
		}
	}
	slices.SortFunc(all, func(a, b log) int { return cmp.Compare(a.num, b.num) })
	return all, err
}

// intact is how many bytes of a log are whole records from its start; whole says that there is nothing else.
func intact(text []byte, num uint64) (end int64, whole bool) {
	r := numbered(record.NewReader, io.Reader(bytes.NewReader(text)), num)
	for {
		end = r.Offset()
		one, err := r.Next()
		if err == nil {
			_, err = io.Copy(io.Discard, one)
		} else if errors.Is(err, io.EOF) {
			return end, true
		}
		if err != nil {
			return min(end, int64(len(text))), false
		}
	}
}

// numbered calls f, whose type of number has no name outside of Pebble.
func numbered[N ~uint64, R any](f func(io.Reader, N) R, in io.Reader, num uint64) R {
	return f(in, N(num))
}

func (s *Store) slurp(path string) ([]byte, error) {
	f, err := s.files.Open(path)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(f)
	return text, errors.Join(err, f.Close())
}

// shorten replaces a log by its beginning. The new bytes are durable under another name before they take its place.
func (s *Store) shorten(path string, text []byte) error {
	fresh := path + ".salvaged" // no name of a log, so it is synced
	f, err := s.files.Create(fresh, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return s.files.Rename(fresh, path)
}
