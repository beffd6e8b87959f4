package kv

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/store"
)

// line keeps commits in the order of their tickets.
type line struct {
	token   store.Token
	last    uint64             // ticket given
	next    uint64             // ticket to be handed to the store
	open    map[uint64]*commit // staged, not handed over
	sent    []*commit          // with the store, in order
	failed  int                // of them, from the front: came back and wait to be sent again
	full    bool
	failure error // for good
}

// commit is what one ticket makes durable.
type commit struct {
	ticket  uint64
	keys    []string
	records []store.Record
	done    func(error) // nil until its lane commits
}

// Stage makes changes visible to Get and Next, in their order, and gives the ticket to commit them by. They belong to the
// space now.
func (s *Space) Stage(changes []pelton.Change) (ticket uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line.last++
	c := &commit{ticket: s.line.last}
	for i := range changes {
		s.stage(c, &changes[i])
	}
	size := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(s.used.Bytes)), uint64(s.used.Keys))
	c.records = append(c.records, store.Record{Op: store.Put, Key: s.sizeKey(), Value: size})
	s.line.open[c.ticket] = c
	return c.ticket
}

func (s *Space) stage(c *commit, change *pelton.Change) {
	key := string(change.Key)
	before, there := s.staged[key]
	value, there := before.value, there && !before.gone
	if before.ticket == 0 {
		var err error
		if value, there, err = s.durable(change.Key); err != nil {
			s.line.failure = fmt.Errorf("kv of plugin %s: %w", s.o.Plugin, err) // told to who commits
		}
	}
	if there {
		s.used.Keys--
		s.used.Bytes -= int64(len(key) + len(value))
	}
	r := store.Record{Op: store.Delete, Key: s.key(change.Key)}
	if !change.Delete {
		s.used.Keys++
		s.used.Bytes += int64(len(key) + len(change.Value))
		r.Op, r.Value = store.Put, change.Value
	}
	s.staged[key] = staged{value: change.Value, gone: change.Delete, ticket: c.ticket}
	c.keys, c.records = append(c.keys, key), append(c.records, r)
}

// Commit makes the changes of a ticket durable, together with records: all in one append, or nothing. done is called once,
// when it is durable or has failed for good, on a goroutine that must not be kept.
func (s *Space) Commit(ticket uint64, records []store.Record, done func(error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.line.open[ticket]
	c.records, c.done = append(c.records, records...), done
	if err := s.line.failure; err != nil {
		delete(s.line.open, ticket)
		go done(err) // not under the caller's feet
		return
	}
	s.send()
}

// Abandon tells that a ticket will never be committed. What comes after it may build on it, so the space fails.
func (s *Space) Abandon(ticket uint64, why error) {
	s.fail(fmt.Errorf("kv of plugin %s: change %d was lost: %w", s.o.Plugin, ticket, why))
}

// send hands over what comes next in line, as far as it is committed.
func (s *Space) send() {
	for l := &s.line; !l.full && l.failure == nil; l.next++ {
		c := l.open[l.next]
		if c == nil || c.done == nil {
			return
		}
		delete(l.open, l.next)
		l.sent = append(l.sent, c)
		s.append(c)
	}
}

func (s *Space) append(c *commit) {
	s.o.Store.AppendAsync(s.line.token, c.records, func(_ store.Pos, err error) { s.answered(err) })
}

// answered takes the store's answers, which come in the order of the appends.
func (s *Space) answered(err error) {
	switch {
	case err == nil:
		s.land()
	case errors.Is(err, store.ErrFull):
		s.refused()
	default:
		s.fail(fmt.Errorf("kv of plugin %s: %w", s.o.Plugin, err))
	}
}

// land is called once the first of what was sent is durable, and read from the store.
func (s *Space) land() {
	s.mu.Lock()
	if len(s.line.sent) == 0 { // the space failed meanwhile, and everybody was told
		s.mu.Unlock()
		return
	}
	c := s.line.sent[0]
	s.line.sent[0] = nil
	s.line.sent = s.line.sent[1:]
	for _, key := range c.keys {
		if s.staged[key].ticket == c.ticket {
			delete(s.staged, key)
		}
	}
	s.mu.Unlock()
	c.done(nil)
}

// refused waits for room once everything that was sent has come back, and sends it again.
func (s *Space) refused() {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.line
	l.full = true
	if l.failed++; l.failed < len(l.sent) || l.failure != nil {
		return
	}
	l.failed = 0
	_, room := s.o.Store.Full()
	s.errand.Go(func() { s.await(room) })
}

func (s *Space) await(room <-chan struct{}) {
	if room != nil {
		select {
		case <-room: // closed at the latest when the store closes
		case <-s.ctx.Done():
			return
		}
	}
	token, err := s.o.Store.Claim(s.ctx, s.line.token.Partition)
	if err != nil {
		s.fail(fmt.Errorf("kv of plugin %s: %w", s.o.Plugin, err))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	token.Strict = true
	s.line.token, s.line.full = token, false
	for _, c := range s.line.sent {
		s.append(c)
	}
	s.send()
}

// fail ends the space: nothing more of it becomes durable, and who committed is told.
func (s *Space) fail(err error) {
	s.mu.Lock()
	l := &s.line
	if l.failure == nil {
		l.failure = err
	}
	told := l.sent
	l.sent = nil
	for ticket, c := range l.open {
		if c.done != nil {
			told = append(told, c)
			delete(l.open, ticket)
		}
	}
	s.mu.Unlock()
	for _, c := range told {
		c.done(err)
	}
}

// Close ends what waits for room; what was not durable is lost. Loops and instances must have ended.
func (s *Space) Close(context.Context) error {
	s.cancel()
	s.errand.Wait()
	return nil
}
