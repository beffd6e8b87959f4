package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Rotate says when a file is put aside and a new one begun. The zero value is never.
type Rotate struct {
	Size int64         // bytes; a file has no more, unless one write has; 0 is no limit
	Age  time.Duration // since its first line; looked at when the next one comes; 0 is no limit
	Keep int           // files that were put aside and stay; the oldest is removed; 0 is all
}

// turn is how far the rotations of a file are.
type turn struct {
	number int64     // of the last file that was put aside; 0 when none was
	oldest int64     // the first number that may be there still; 0 when no number was given yet
	to     int64     // the number that the file is getting; 0 when it is not being put aside
	born   time.Time // of the first line in the file; zero while there is none
	next   *os.File  // the new file, while it is not committed
}

// numbered is the name of a file that was put aside: late-000001.jsonl of late.jsonl.
func (o *Options) numbered(n int64) string {
	ext := filepath.Ext(o.Path)
	return fmt.Sprintf("%s-%06d%s", strings.TrimSuffix(o.Path, ext), n, ext)
}

// highest is the highest number in the names of files that are there, whoever made them.
func (o *Options) highest() (highest int64, err error) {
	entries, err := os.ReadDir(filepath.Dir(o.Path))
	ext := filepath.Ext(o.Path)
	stem := strings.TrimSuffix(filepath.Base(o.Path), ext) + "-"
	for _, e := range entries {
		digits, ok := strings.CutPrefix(strings.TrimSuffix(e.Name(), ext), stem)
		if n, err := strconv.ParseInt(digits, 10, 64); ok && err == nil && len(digits) >= 6 {
			highest = max(highest, n)
		}
	}
	return highest, err
}

// due reports whether the file is put aside before so many bytes are written.
func (s *Sink) due(more int) bool {
	r := &s.o.Rotate
	if s.length == 0 {
		return false
	}
	return r.Size > 0 && s.length+int64(more) > r.Size ||
		r.Age > 0 && !s.turn.born.IsZero() && s.o.now().Sub(s.turn.born) >= r.Age
}

// rotate puts the file aside and begins a new one, or goes on with that where an earlier try failed. The store knows the
// new name BEFORE the file gets it, and of the new file before anything is written to it: whenever the process ends,
// either name has the committed bytes, and no line is in both.
func (s *Sink) rotate(ctx context.Context) error {
	if s.turn.to == 0 {
		if err := s.announce(ctx); err != nil {
			return err
		}
	}
	if s.turn.next == nil {
		if err := s.putAside(); err != nil {
			return err
		}
	}
	release, err := hold(s.turn.next, s.o.Name)
	if err != nil {
		return err
	}
	info, err := s.turn.next.Stat()
	if err == nil {
		err = s.append(ctx, s.renewed())
	}
	if err != nil {
		release()
		return err
	}
	err = s.file.Close()
	s.release()
	s.file, s.info, s.release = s.o.wrap(s.turn.next), info, release
	s.length, s.tail, s.dirty = 0, nil, false
	s.turn.number, s.turn.to, s.turn.next, s.turn.born = s.turn.to, 0, nil, time.Time{}
	return errors.Join(err, s.prune())
}

// announce tells the store which name the file is going to get.
func (s *Sink) announce(ctx context.Context) error {
	if s.turn.oldest == 0 { // files of an earlier life, or of others, keep their numbers
		n, err := s.o.highest()
		if err != nil {
			return err
		}
		s.turn.number, s.turn.oldest = n, n+1
	}
	to := s.o.numbered(s.turn.number + 1)
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("file %s is to be put aside as %s, which is there already; move that away, then it goes on", s.o.Path, to)
	}
	s.turn.to = s.turn.number + 1
	err := s.append(ctx, s.keepRecord())
	if err != nil {
		s.turn.to = 0
	}
	return err
}

// putAside gives the file its new name and makes the new one.
func (s *Sink) putAside() error {
	now, err := os.Stat(s.o.Path)
	switch {
	case err == nil && os.SameFile(now, s.info):
		err = s.o.rename(s.o.Path, s.o.numbered(s.turn.to))
	case errors.Is(err, fs.ErrNotExist):
		err = nil // it was renamed by an earlier try
	case err == nil:
		err = fmt.Errorf("file %s is another one now; move that away, then it goes on: %w", s.o.Path, ErrChanged)
	}
	if err != nil {
		return err
	}
	f, err := os.OpenFile(s.o.Path, os.O_RDWR|os.O_CREATE|os.O_EXCL, s.o.Perm)
	if err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(s.o.Path)); err != nil {
		return errors.Join(err, f.Close(), os.Remove(s.o.Path))
	}
	s.turn.next = f
	return nil
}

// prune removes the oldest files beyond those to keep. Everything in them was committed long before, and the store gets to
// know that they are gone with the next commit: until then, removing them again is nothing.
func (s *Sink) prune() error {
	if s.o.Rotate.Keep == 0 || s.turn.oldest == 0 {
		return nil
	}
	for ; s.turn.oldest <= s.turn.number-int64(s.o.Rotate.Keep); s.turn.oldest++ {
		if err := os.Remove(s.o.numbered(s.turn.oldest)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// aside reports whether a file that was put aside has the committed bytes.
func (o *Options) aside(was state, number int64) bool {
	f, err := os.Open(o.numbered(number))
	if err != nil {
		return false
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil || info.Size() < was.Length {
		return false
	}
	t, err := readTail(f, was.Length)
	return err == nil && t.sum() == was.Sum
}

// settle finds out how far a rotation came that the store knows as begun: the file has its name still, and the rotation
// is begun anew when it is due; or it was put aside, and what has the name is the new one, with nothing in it.
func (s *Sink) settle(was state, size int64) (now state, moved bool, err error) {
	if was.To == 0 {
		return was, false, nil
	}
	if size >= was.Length {
		t, err := readTail(s.file, was.Length)
		if err != nil {
			return was, false, err
		}
		if t.sum() == was.Sum && was.Length > 0 {
			was.To = 0
			return was, false, nil
		}
	}
	if size > 0 || !s.o.aside(was, was.To) {
		return was, false, changed(s.o.Path, fmt.Sprintf("was being put aside as %s, and neither has the %d bytes that were written", s.o.numbered(was.To), was.Length))
	}
	return state{Path: was.Path, Sum: tail(nil).sum(), Number: was.To, Oldest: was.Oldest}, true, nil
}

// rotated is a hint for a file that does not agree because it was put aside after what the store knows: it is an older
// store, restored from a backup.
func (s *Sink) rotated(was state) string {
	if next := was.Number + 1; was.Path == s.o.Path && was.Length > 0 && s.o.aside(was, next) {
		return fmt.Sprintf("was put aside as %s after what this store knows; to go on from there, move %s and files with higher numbers away and rename that one to it",
			s.o.numbered(next), s.o.Path)
	}
	return ""
}
