package loop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/store"
)

// chunk is how many due records are brought between two looks.
const chunk = 256

// parked reads the lane's records out of the parking lot: due ones in due order, never early, at a bounded rate; the
// next of a key; and held ones that are settled by token. It has a share of the arena of its own, so that the lane can
// be full of messages that wait for the very record it brings.
type parked struct {
	loop     *Loop
	lane     *arena.Lane
	arrivals chan arrival
	asked    chan struct{} // look again
	limit    *rate.Limiter
	room

	mu      sync.Mutex // not on a message's path: parked records only
	out     map[pelton.EffectID]holder
	writing map[pelton.EffectID]struct{} // records whose write is on its way
	fetches []delivery.Fetch
	early   []pelton.EffectID // to be brought again
	settles []settle
	answers map[pelton.EffectID]chan<- error // of settlements that are to be durable first
	ended   bool
	floor
}

// floor is what the reader knows of the due order: no record in the lot is due before its time. Writes that have become
// durable since it was taken may lower it.
type floor struct{ at, lowered time.Time }

// lower notes that a record due at a time may have come into the lot.
func (f *floor) lower(due time.Time) {
	if !due.IsZero() && (f.lowered.IsZero() || due.Before(f.lowered)) {
		f.lowered = due
	}
}

// take is the floor for a look that begins.
func (f *floor) take() time.Time {
	if !f.lowered.IsZero() && f.lowered.Before(f.at) {
		f.at = f.lowered
	}
	f.lowered = time.Time{}
	return f.at
}

// raise notes the first record that a look found, but for what came in meanwhile: the next take lowers it to that.
func (f *floor) raise(first time.Time) { f.at = first }

// holder is who has a record out of the lot.
type holder uint8

const (
	byLoop   holder = iota + 1
	byChange        // from outside, until it is durable
)

// arrival is a record on its way to the loop, or the answer to a fetch.
type arrival struct {
	delivery.Arrival

	fetch *delivery.Fetch // with Record nil: the next of this key has a due time of its own
	next  pelton.MessageID
}

func newParked(l *Loop, lane *arena.Lane) *parked {
	return &parked{
		loop: l, lane: lane, arrivals: make(chan arrival, 32), asked: make(chan struct{}, 1),
		limit: rate.NewLimiter(rate.Limit(l.o.Release), max(1, min(32, int(l.o.Release/100)))),
		out:   map[pelton.EffectID]holder{}, writing: map[pelton.EffectID]struct{}{}, answers: map[pelton.EffectID]chan<- error{},
	}
}

func (p *parked) ask() {
	select {
	case p.asked <- struct{}{}:
	default:
	}
}

func (p *parked) writes(id pelton.EffectID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writing[id] = struct{}{}
}

// landed notes that a record's write is durable: it may be read again, and may be due.
func (p *parked) landed(id pelton.EffectID, due time.Time) {
	p.mu.Lock()
	p.lower(due)
	delete(p.writing, id)
	if p.out[id] == byLoop {
		delete(p.out, id)
	}
	p.mu.Unlock()
	p.reply(id, nil)
	p.ask()
}

// entered notes that records that are due from a time on may have come into the lot.
func (p *parked) entered(due time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lower(due)
}

// reply answers a settlement that waits for its record.
func (p *parked) reply(id pelton.EffectID, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if answer, ok := p.answers[id]; ok {
		delete(p.answers, id)
		answer <- err
	}
}

// again asks for records that came too early, and stay marked as out until they are brought once more.
func (p *parked) again(ids []pelton.EffectID) {
	if len(ids) == 0 {
		return
	}
	p.mu.Lock()
	p.early = append(p.early, ids...)
	p.mu.Unlock()
	p.ask()
}

func (p *parked) fetch(f delivery.Fetch) {
	p.mu.Lock()
	p.fetches = append(p.fetches, f)
	p.mu.Unlock()
	p.ask()
}

// take marks a record as out of the lot; false when somebody has it already.
func (p *parked) take(id pelton.EffectID, by holder) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out[id] != 0 {
		return false
	}
	p.out[id] = by
	return true
}

func (p *parked) putBack(ids ...pelton.EffectID) {
	p.mu.Lock()
	for _, id := range ids {
		delete(p.out, id)
	}
	p.mu.Unlock()
}

func (p *parked) isOut(id pelton.EffectID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out[id] != 0
}

// run is the lane's parking lot reader.
func (p *parked) run(ctx context.Context) {
	defer p.end()
	for ctx.Err() == nil {
		next, err := p.look(ctx)
		if err != nil {
			if ctx.Err() == nil {
				p.loop.Do(func() { p.loop.fail(err) })
			}
			return
		}
		wait := time.Hour
		if !next.IsZero() {
			wait = min(wait, max(0, time.Until(next)))
		}
		select {
		case <-time.After(wait):
		case <-p.asked:
		case <-ctx.Done():
		}
	}
}

// look brings what is asked for and what is due, and tells when the next record is.
func (p *parked) look(ctx context.Context) (next time.Time, err error) {
	p.mu.Lock()
	fetches, settles, early, from := p.fetches, p.settles, p.early, p.floor.take()
	p.fetches, p.settles, p.early = nil, nil, nil
	p.mu.Unlock()
	defer p.finish(p.lane)
	for _, id := range early {
		if err := p.bringAgain(ctx, id); err != nil {
			return next, err
		}
	}
	for i := range settles {
		if err := p.settle(ctx, &settles[i]); err != nil {
			settles = settles[i+1:]
			p.refuse(settles)
			return next, err
		}
	}
	for i := range fetches {
		if err := p.fetchOne(ctx, fetches[i]); err != nil {
			return next, err
		}
	}
	o := &p.loop.o
	now := time.Now()
	line, err := lot.Due(o.Store, o.ID.Source, o.ID.Lane, from, now, chunk, p.isOut)
	if err != nil {
		return next, err
	}
	if line.First.IsZero() {
		line.First = now
	}
	p.mu.Lock()
	p.raise(line.First)
	p.mu.Unlock()
	for _, id := range line.Due {
		if err := p.limit.Wait(ctx); err != nil {
			return next, err
		}
		if err := p.dueOne(ctx, id); err != nil {
			return next, err
		}
	}
	return line.Next, nil
}

// bringAgain brings a record that is marked as out already.
func (p *parked) bringAgain(ctx context.Context, id pelton.EffectID) error {
	e, err := lot.Get(p.loop.o.Store, id)
	if err != nil {
		return fmt.Errorf("parking lot: %s, which came too early: %w", id, err)
	}
	return p.bring(ctx, e, nil)
}

func (p *parked) dueOne(ctx context.Context, id pelton.EffectID) error {
	e, err := p.pick(id)
	if e == nil || err != nil {
		return err
	}
	if e.Due.IsZero() || e.Due.After(time.Now()) { // put off meanwhile
		p.putBack(id)
		return nil
	}
	return p.bring(ctx, e, nil)
}

// pick takes a record out of the lot and reads it as it is then. nil when it is out already, or gone.
//
// A scan may be older than that: it saw a record that was out; its removal became durable and it counted as in the lot
// again, and only then was it asked whether it is out. Delivering what the scan saw would deliver it twice (D1).
func (p *parked) pick(id pelton.EffectID) (*lot.Entry, error) {
	if !p.take(id, byLoop) {
		return nil, nil
	}
	e, err := lot.Get(p.loop.o.Store, id)
	if err != nil {
		p.putBack(id)
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return e, err
}

func (p *parked) fetchOne(ctx context.Context, f delivery.Fetch) error {
	o := &p.loop.o
	plugin := o.Graph.Plugins[f.Plugin].Name
	first, err := lot.First(o.Store, o.ID.Source, o.ID.Lane, plugin, f.Hash)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("parking lot: nothing is behind a key of %s that has something behind it: %w", plugin, store.ErrCorrupt)
	}
	if err != nil {
		return err
	}
	e, err := p.pick(first.ID)
	switch {
	case err != nil:
		return err
	case e == nil:
		p.mu.Lock()
		changing := p.out[first.ID] != byLoop
		if changing { // look again when that is durable
			p.fetches = append(p.fetches, f)
		}
		p.mu.Unlock()
		if changing {
			return nil
		}
		return p.send(ctx, arrival{fetch: &f, next: first.ID.Message}) // it is on its way, or came too early
	case e.Due.After(time.Now()):
		p.putBack(e.ID)
		return p.send(ctx, arrival{fetch: &f, next: e.ID.Message})
	}
	return p.bring(ctx, e, nil)
}

// bring lends the message of a record that was picked and sends it to the loop.
func (p *parked) bring(ctx context.Context, e *lot.Entry, decided *delivery.Decision) error {
	known, err := lot.Known(p.loop.o.Store, e.ID)
	if err != nil {
		return err
	}
	a := arrival{Arrival: delivery.Arrival{Record: &e.Record, Known: known, Decided: decided}}
	if e.ID.Target.Kind == pelton.TargetPlugin {
		a.Ref, err = p.lend(ctx, e)
	}
	if errors.Is(err, arena.ErrTooLarge) { // it counts as out until a restart, so that it is reported once
		err = fmt.Errorf("parked record %s stays in the parking lot, raise arena.max_message: %w", lot.ID(e.ID), err)
		p.reply(e.ID, err)
		p.loop.trouble(err)
		return nil
	}
	if err != nil {
		return err
	}
	if err = p.send(ctx, a); err != nil && a.Ref.Valid() {
		err = errors.Join(err, p.lane.Release(a.Ref))
	}
	return err
}

func (p *parked) send(ctx context.Context, a arrival) error {
	select {
	case p.arrivals <- a:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lend copies a record's message into the arena. A key that is part of its payload, as most are, takes no room.
func (p *parked) lend(ctx context.Context, e *lot.Entry) (pelton.Ref, error) {
	size, key := len(e.Payload), bytes.Index(e.Payload, e.Key)
	if key < 0 {
		size, key = size+len(e.Key), len(e.Payload)
	}
	lane := e.ID.Message.Lane
	names := slices.Sorted(maps.Keys(e.Fields))
	fields := make([]pelton.Field, len(names))
	for i, name := range names {
		fields[i] = e.Fields[name]
	}
	for {
		if err := p.begin(ctx, p.lane, size); err != nil {
			return pelton.Ref{}, err
		}
		at := p.used
		copy(p.block.Bytes()[at+key:], e.Key)
		copy(p.block.Bytes()[at:], e.Payload)
		ref, err := p.lane.Commit(p.block, &arena.Frame{
			Offset: at, Length: len(e.Payload), KeyOffset: at + key, KeyLength: len(e.Key), HasKey: e.HasKey,
			Fields: fields, Names: names,
			Meta: pelton.Meta{Lane: &lane, Position: e.ID.Message.Position, Path: e.ID.Message.Path, Time: e.Time, Trace: e.Trace, Headers: e.Headers},
		})
		if err == nil {
			p.used += size
			return ref, nil
		}
		p.finish(p.lane)
		if !errors.Is(err, arena.ErrFull) { // full of slots: the next acquire waits for them
			return ref, err
		}
	}
}

// room is the block that records are lent from: many share one, which is much larger than most.
type room struct {
	block *arena.Block
	used  int
}

// begin makes room for a record. A large one begins on a page of its own, as it came from its source.
func (r *room) begin(ctx context.Context, lane *arena.Lane, size int) error {
	const page = 4096
	if size >= page {
		r.used = (r.used + page - 1) &^ (page - 1)
	}
	if r.block != nil && r.used+size <= len(r.block.Bytes()) {
		return nil
	}
	r.finish(lane)
	block, err := lane.Acquire(ctx, max(1, size))
	r.block = block
	return err
}

// finish leaves the block to the records that lie in it.
func (r *room) finish(lane *arena.Lane) {
	if r.block != nil {
		lane.Done(r.block)
	}
	r.block, r.used = nil, 0
}

// arrive takes a record into the account, on the loop.
func (l *Loop) arrive(a arrival) {
	if a.fetch != nil {
		l.ledger.Waits(*a.fetch, a.next)
		return
	}
	if a.Ref.Valid() {
		l.owners[a.Ref.Index>>24] = l.o.Arena
	}
	a.Now = l.now
	if !l.ledger.Arrive(a.Arrival) && a.Ref.Valid() {
		if err := l.o.Arena.Release(a.Ref); err != nil {
			l.fail(err)
		}
	}
}
