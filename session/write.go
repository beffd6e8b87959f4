package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session/internal/record"
	"github.com/peltonhq/pelton/session/stream"
	"github.com/peltonhq/pelton/store"
)

// maxProducers are the producers of a session that are kept in memory; more of them are looked up again.
const maxProducers = 128

// Written says what came of a [Sessions.Write].
type Written struct {
	stream.Outcome
	Cursor pelton.Cursor // after the newest snapshot; id 0 while there is none
}

// Write does what a client of a stream wants, all of it or nothing, and returns once that is durable. A
// [*stream.RefusedError] says why it was not done. When ctx ends first, it may still be done.
func (s *Sessions) Write(ctx context.Context, key string, w stream.Write) (Written, error) {
	switch {
	case !s.o.Writable:
		return Written{}, fmt.Errorf("session %s: %w: the wheel writes it", s.o.Name, ErrRefused)
	case s.o.Reduce != nil:
		return Written{}, fmt.Errorf("session %s: %w: it is reduced, and a stream keeps what is written; use append", s.o.Name, ErrRefused)
	}
	a := &ask{write: &w}
	effect := pelton.Effect{Key: []byte(key), ContentType: w.ContentType, Time: s.o.Now()}
	it := &item{effect: effect, key: key, ask: a}
	for _, p := range w.Payloads {
		it.size += int64(len(p)) + sessionOverhead
	}
	if err := s.put(ctx, it); err != nil {
		return Written{}, fmt.Errorf("write: %w", err)
	}
	return a.wrote, nil
}

// Expire deletes a stream whose life is over; [ErrNotFound] when it is not, or there is none.
func (s *Sessions) Expire(ctx context.Context, key string) error { return s.drop(ctx, key, true) }

// write computes a client's write; no change and no error when it is settled already.
func (sh *shard) write(it *item) (*change, error) {
	w := it.ask.write
	if err := sh.writable(it); err != nil {
		sh.refuse(it, err)
		return nil, nil
	}
	ses, err := sh.session(it.key)
	if err != nil {
		return nil, err
	}
	known, err := sh.producer(ses, w.Producer)
	if err != nil {
		return nil, err
	}
	current, now := ses.current(), sh.s.o.Now()
	out, err := stream.Decide(current, known, w, now)
	if err != nil {
		sh.s.settle(it, nil, fmt.Errorf("session %s key %.80q: %w", sh.s.o.Name, it.key, err))
		return nil, nil
	}
	if out.Duplicate && ses.ahead == 0 {
		it.ask.wrote = Written{out, ses.last.cursor()}
		sh.s.settle(it, nil, nil)
		return nil, nil
	}
	// A duplicate of what is not durable yet waits behind it, as a change of nothing.
	ch := &change{item: it, session: ses, shard: sh, made: now, size: sessionOverhead, buried: ses.buried()}
	if !out.Duplicate {
		sh.take(ch, &out, now)
	} else {
		ses.ahead++
	}
	ch.after = ses.last
	it.ask.wrote = Written{out, ses.last.cursor()}
	return ch, nil
}

// writable finds what can never be written.
func (sh *shard) writable(it *item) error {
	for _, p := range it.ask.write.Payloads {
		if len(p) > MaxPayload {
			return tooLarge(p)
		}
	}
	return sh.check(it)
}

// take makes snapshots of what was written, and the stream after it.
func (sh *shard) take(ch *change, out *stream.Outcome, now time.Time) {
	ses, w := ch.session, ch.item.ask.write
	if out.Created {
		sh.known.Add(ses.key)
		ses.create(now, &out.Stream)
		ch.stream = ses.last.stream
	} else if ses.last.stream == nil && (w.Close || w.Seq != "") || ses.last.stream != nil && out.Stream != *ses.last.stream {
		next := out.Stream
		ses.last.stream, ch.stream = &next, &next
	}
	for i, payload := range w.Payloads {
		snap := sh.snap(ch.item, ses, now, payload, ses.current().ContentType, 0)
		ch.size += int64(len(payload)) + sessionOverhead
		if i < len(w.Payloads)-1 {
			ch.before = append(ch.before, snap)
		} else {
			ch.snap = snap
		}
	}
	if n := max(len(w.Payloads), 1); n > 1 {
		ses.ahead -= n - 1 // they are one change
	} else if len(w.Payloads) == 0 {
		ses.ahead++
	}
	if w.Producer != nil {
		ch.producer = w.Producer
		ses.remember(w.Producer)
	}
}

// create begins a life that has no snapshot yet.
func (s *session) create(now time.Time, st *stream.Stream) {
	st.Epoch = s.epochAt(now)
	created := *st
	s.last = state{epoch: st.Epoch, life: st.Epoch, seq: s.buried(), stream: &created}
}

// current is the stream as it is for writers; a session that was made without one is a stream of what it has.
func (s *session) current() *stream.Stream {
	switch {
	case !s.last.live():
		return nil
	case s.last.stream != nil:
		return s.last.stream
	}
	return &stream.Stream{Epoch: s.last.epoch, ContentType: typeOf(s.last.contentType, s.last.payload)}
}

// typeOf is the content type of a session whose newest snapshot has none: what it looks like.
func typeOf(contentType string, payload []byte) string {
	switch {
	case contentType != "":
		return contentType
	case json.Valid(payload):
		return "application/json"
	}
	return "application/octet-stream"
}

func (s *state) cursor() pelton.Cursor { return pelton.Cursor{Epoch: s.epoch, ID: s.id} }

// producer is how far a producer is, with what is ahead of the store; nil when it has written nothing.
func (sh *shard) producer(ses *session, p *stream.Producer) (*stream.Producer, error) {
	if p == nil || !ses.last.live() {
		return nil, nil
	}
	if known, ok := ses.producers[p.ID]; ok {
		return known, nil
	}
	value, err := sh.s.o.Store.Get(sh.s.book.Keys.Producer(ses.key, p.ID))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	known, err := record.DecodeProducer(p.ID, value)
	if err == nil {
		ses.remember(known)
	}
	return known, err
}

// remember keeps what a producer has reached. While changes are ahead of the store, nothing is forgotten.
func (s *session) remember(p *stream.Producer) {
	if s.producers == nil || len(s.producers) >= maxProducers && s.ahead == 0 {
		s.producers = map[string]*stream.Producer{}
	}
	s.producers[p.ID] = p
}

// fits finds out whether a plain append keeps the word that was given for the stream.
func fits(ses *session, it *item, now time.Time) error {
	st := ses.last.stream
	switch {
	case st == nil || !ses.last.live():
		return nil
	case st.Expired(now):
		return &stream.RefusedError{Why: stream.Expired, Text: "it expired", Stream: st}
	case st.Closed:
		return &stream.RefusedError{Why: stream.WasClosed, Text: "it was closed: nothing may be added", Stream: st}
	case st.JSON() && !json.Valid(it.effect.Payload):
		return fmt.Errorf("the payload is no JSON, and everything in it is %s", st.ContentType)
	case it.effect.ContentType != "" && stream.Base(it.effect.ContentType) != stream.Base(st.ContentType):
		return &stream.RefusedError{Why: stream.WrongType, Text: fmt.Sprintf("its content type is %s, not %s", st.ContentType, it.effect.ContentType), Stream: st}
	}
	return nil
}

// sweeper deletes expired streams that nobody asks for.
func (s *Sessions) sweeper() {
	for s.sleep(sweepRound) {
		for from := s.book.Keys.Streams; from != nil && s.sleep(agePause); {
			from = s.sweep(from)
		}
	}
}

const sweepRound = time.Minute

// sweep does one slice of a round: the streams from a key on. It returns where the next slice begins, nil at the end.
func (s *Sessions) sweep(from []byte) (next []byte) {
	var over []string
	seen := 0
	for e, err := range s.o.Store.Scan(from, store.PrefixEnd(s.book.Keys.Streams), store.ScanOptions{Limit: ageSlice}) {
		if err != nil {
			return nil // the next round tries again
		}
		seen++
		next = append(e.Key, 0) //nolint:gocritic // the key is this loop's own
		key, _, err := store.CutString(e.Key[len(s.book.Keys.Streams):])
		if err != nil {
			continue
		}
		if st, err := record.DecodeStream(e.Value); err == nil && st.Expired(s.o.Now()) {
			over = append(over, key)
		}
	}
	for _, key := range over {
		if err := s.Expire(s.ctx, key); err != nil && !errors.Is(err, ErrNotFound) {
			return nil
		}
	}
	if seen < ageSlice {
		return nil
	}
	return next
}
