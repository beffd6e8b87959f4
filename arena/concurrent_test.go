package arena_test

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
)

const perLane = 5000 // messages

// TestConcurrent: readers lend while viewers look, and one loop releases, in runs. The arena is so small that the readers
// wait again and again.
func TestConcurrent(t *testing.T) {
	a := open(t, 512*kib, 32*kib)
	const lanes, viewers = 2, 3
	lent := make(chan pelton.Ref, 64)
	var readers sync.WaitGroup
	for i := range lanes {
		l := lane(t, a, "lane")
		readers.Go(func() { read(t, l, uint64(i), lent) })
	}
	go func() { readers.Wait(); close(lent) }()

	work, answers := make(chan pelton.Ref), make(chan pelton.Ref, 64)
	var views sync.WaitGroup
	for range viewers {
		views.Go(func() {
			for ref := range work {
				look(t, a, ref)
				look(t, a, ref)
				answers <- ref
			}
		})
	}
	var loop sync.WaitGroup
	loop.Go(func() {
		var batch []pelton.Ref
		for ref := range answers {
			if batch = append(batch, ref); len(batch) == 8 || len(answers) == 0 {
				releaseRuns(t, a, batch)
				batch = batch[:0]
			}
		}
	})
	n := 0
	for ref := range lent {
		n++
		if n%5 == 0 {
			_ = a.Move(ref) // nobody looks at it yet; full is no failure
		}
		work <- ref
	}
	close(work)
	views.Wait()
	close(answers)
	loop.Wait()
	if s := a.Stats(); n != lanes*perLane || s.Slots != 0 || s.BytesUsed != 0 {
		t.Errorf("%d messages, then %+v", n, s)
	}
}

// releaseRuns gives messages back as the loop does.
func releaseRuns(t *testing.T, a *arena.Arena, refs []pelton.Ref) {
	t.Helper()
	slices.SortFunc(refs, func(a, b pelton.Ref) int { return cmp.Compare(a.Index, b.Index) })
	for len(refs) > 0 {
		n, err := a.ReleaseRun(refs)
		if err != nil {
			t.Error(err)
		}
		refs = refs[n:]
	}
}

// read lends messages whose bytes follow from their first eight.
func read(t *testing.T, l *arena.Lane, id uint64, lent chan<- pelton.Ref) {
	t.Helper()
	var b *arena.Block
	at := 0
	for i := range uint64(perLane) {
		length := 8 + int(i*37%3000)
		if b == nil || at+length > len(b.Bytes()) {
			if b != nil {
				l.Done(b)
			}
			var err error
			if b, err = l.Acquire(context.Background(), length); err != nil {
				t.Error(err)
				return
			}
			at = 0
		}
		bytes := b.Bytes()[at : at+length]
		first := id<<32 | i
		binary.BigEndian.PutUint64(bytes, first)
		for j := range bytes[8:] {
			bytes[8+j] = byte(first) + byte(j)
		}
		ref, err := l.Commit(b, &arena.Frame{Offset: at, Length: length, Meta: pelton.Meta{Position: first}})
		if err != nil {
			t.Error(err)
			return
		}
		at += length
		lent <- ref
	}
	l.Done(b)
}

func look(t *testing.T, a *arena.Arena, ref pelton.Ref) {
	t.Helper()
	v, err := a.View(ref)
	if err != nil {
		t.Error(err)
		return
	}
	bytes := v.Payload()
	first := binary.BigEndian.Uint64(bytes)
	if first != v.Meta().Position {
		t.Errorf("A1: %s has the bytes of %d and the position of %d", ref, first, v.Meta().Position)
	}
	for j, got := range bytes[8:] {
		if got != byte(first)+byte(j) {
			t.Errorf("A1: %s: byte %d is %d", ref, j, got)
			return
		}
	}
}

// TestConcurrentTiny: two writers at the limit of slots, with blocks given back and acquired all the time.
func TestConcurrentTiny(t *testing.T) {
	a := open(t, 32*kib, 4*kib)
	lent := make(chan pelton.Ref, 8192) // more than there are slots: only the arena makes a writer wait
	var writers sync.WaitGroup
	for range 2 {
		l := lane(t, a, "lane")
		writers.Go(func() {
			b := acquire(t, l, 1)
			for sent := 0; sent < 20000; {
				ref, err := l.Commit(b, &arena.Frame{})
				if err == nil {
					lent <- ref
					sent++
					continue
				}
				if !errors.Is(err, arena.ErrFull) {
					t.Error(err)
					break
				}
				l.Done(b)
				if b, err = l.Acquire(context.Background(), 1); err != nil {
					t.Error(err)
					return
				}
			}
			l.Done(b)
		})
	}
	go func() { writers.Wait(); close(lent) }()
	n, full := 0, 0
	var batch []pelton.Ref
	for ref := range lent {
		if batch = append(batch, ref); len(batch) == cap(lent)/2-200 || len(lent) == 0 {
			full = max(full, a.Stats().Slots)
			release(t, a, batch...)
			n += len(batch)
			batch = batch[:0]
		}
	}
	release(t, a, batch...)
	t.Logf("%d messages at once, %d waits", full, a.Stats().Waits)
	if n += len(batch); n != 40000 || a.Stats().BytesUsed != 0 {
		t.Errorf("%d messages, %d at once, then %+v", n, full, a.Stats())
	}
}
