package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/internal/invariants"
	"github.com/peltonhq/pelton/sink"
	"github.com/peltonhq/pelton/store"
)

// Sink writes to one file. Make it with [Open]. It belongs to one goroutine.
type Sink struct {
	o       Options
	key     []byte
	token   store.Token
	file    disk
	info    fs.FileInfo // which file it is
	release func()

	length int64 // committed
	tail   tail  // of the committed bytes
	begun  bool  // the store knows the file under this path
	dirty  bool  // there may be bytes behind length
	failed error // nobody knows any more what is committed
	turn   turn

	text    []byte
	records []store.Record
	answer  chan error // of the append in flight
}

var _ sink.Sink = (*Sink)(nil)

// keepText is the largest buffer that is kept from one Write to the next: the lines of a worker's whole default buffer.
const keepText = 4 << 20

// Write implements [sink.Sink]. The effects are in the file, and their marks in the store, when it returns nil.
func (s *Sink) Write(ctx context.Context, effects []pelton.Effect) error {
	if s.failed != nil {
		return s.failed
	}
	if err := s.write(ctx, effects); err != nil {
		return fmt.Errorf("sink %s: %w", s.o.Name, err)
	}
	return nil
}

func (s *Sink) write(ctx context.Context, effects []pelton.Effect) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	s.checkMarks(effects)
	size := 0
	for i := range effects {
		size += len(effects[i].Payload) + 1
	}
	s.text = slices.Grow(s.text[:0], size)
	for i := range effects {
		s.text = sink.AppendLine(s.text, effects[i].Payload)
	}
	if s.due(len(s.text)) {
		if err := s.rotate(ctx); err != nil {
			return err
		}
	}
	if s.length == 0 || s.turn.born.IsZero() { // or the store is older than rotations
		s.turn.born = s.o.now()
	}
	length, t := s.length+int64(len(s.text)), s.tail.with(s.text)
	s.dirty = true
	_, err := s.file.WriteAt(s.text, s.length)
	if err == nil {
		err = s.file.Sync()
	}
	if err == nil {
		err = s.append(ctx, s.commit(effects, length, t))
	}
	if err != nil {
		_ = s.cut() // a reader shall not see the rest for longer than need be; if this fails, ready tries again
		return err
	}
	s.length, s.tail, s.dirty = length, t, false
	if cap(s.text) > keepText {
		s.text = nil
	}
	return nil
}

// ready brings everything to where a write may begin.
func (s *Sink) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if reason, _ := s.o.Store.Full(); reason != "" {
		return fmt.Errorf("%w: %s", store.ErrFull, reason)
	}
	if s.turn.to > 0 {
		return s.rotate(ctx)
	}
	if err := s.untouched(); err != nil {
		return err
	}
	if err := s.cut(); err != nil {
		return err
	}
	if !s.begun {
		return s.begin(ctx)
	}
	return nil
}

// untouched tells whether somebody else moved, removed or changed the file.
func (s *Sink) untouched() error {
	now, err := os.Stat(s.o.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(now, s.info):
		return fmt.Errorf("file %s was moved or removed while Pelton writes it; put it back, then it goes on: %w", s.o.Path, ErrChanged)
	case err != nil:
		return err
	case now.Size() < s.length || now.Size() > s.length && !s.dirty:
		return fmt.Errorf("file %s has %d bytes while Pelton wrote %d; put it back as it was, then it goes on: %w",
			s.o.Path, now.Size(), s.length, ErrChanged)
	}
	return nil
}

// cut removes what a failed attempt left behind the committed length.
func (s *Sink) cut() error {
	if !s.dirty || s.failed != nil {
		return s.failed
	}
	if err := s.file.Truncate(s.length); err != nil {
		return err
	}
	s.dirty = false
	return nil
}

// commit is the one append that makes a write count: the new length and every mark, all or nothing (S2).
func (s *Sink) commit(effects []pelton.Effect, length int64, t tail) []store.Record {
	var marks store.Marks
	for i := range effects {
		if mark := effects[i].Mark; len(mark) > 0 {
			marks.Add(mark)
		}
	}
	s.records = marks.Records(append(s.records[:0], s.record(length, t)))
	return s.records
}

func (s *Sink) record(length int64, t tail) store.Record {
	now := state{Path: s.o.Path, Length: length, Sum: t.sum(), Number: s.turn.number, Oldest: s.turn.oldest, To: s.turn.to}
	if !s.turn.born.IsZero() && length > 0 {
		now.Born = s.turn.born.Unix()
	}
	return store.Record{Op: store.Put, Key: s.key, Value: now.encode()}
}

// keepRecord is the append that changes nothing but the turn.
func (s *Sink) keepRecord() []store.Record {
	s.records = append(s.records[:0], s.record(s.length, s.tail))
	return s.records
}

// renewed is the append that makes a new file the committed one, with nothing in it.
func (s *Sink) renewed() []store.Record {
	now := state{Path: s.o.Path, Sum: tail(nil).sum(), Number: s.turn.to, Oldest: s.turn.oldest}
	s.records = append(s.records[:0], store.Record{Op: store.Put, Key: s.key, Value: now.encode()})
	return s.records
}

// append hands the records to the store and waits for its answer. Where the answer leaves open what is durable, the sink
// must not touch the file any more: cutting it back could remove what is committed.
func (s *Sink) append(ctx context.Context, records []store.Record) error {
	s.o.Store.AppendAsync(s.token, records, func(_ store.Pos, err error) { s.answer <- err })
	select {
	case err := <-s.answer:
		if errors.Is(err, store.ErrFailed) || errors.Is(err, store.ErrFenced) || errors.Is(err, store.ErrClosed) {
			s.failed = fmt.Errorf("sink %s: %w", s.o.Name, err)
		}
		return err
	case <-ctx.Done():
		s.failed = fmt.Errorf("sink %s: a commit was given up: %w", s.o.Name, ctx.Err())
		return ctx.Err()
	}
}

// checkMarks: what is durable is not offered again (S2); its sender sees to that.
func (s *Sink) checkMarks(effects []pelton.Effect) {
	if !invariants.Enabled {
		return
	}
	for i := range effects {
		if mark := effects[i].Mark; len(mark) > 0 {
			_, err := s.o.Store.Get(mark)
			invariants.Check(errors.Is(err, store.ErrNotFound), "S2: effect %s is written already: %v", effects[i].ID, err)
		}
	}
}

// Close implements [sink.Sink]. What is not committed stays in the file until the next [Open].
func (s *Sink) Close() error {
	defer s.release()
	err := s.file.Close()
	if s.turn.next != nil {
		err = errors.Join(err, s.turn.next.Close())
	}
	return err
}
