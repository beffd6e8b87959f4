package loop

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/store"
)

// ErrNotHeld says that a token settles nothing: the delivery was settled, its lease ended, or it never was.
var ErrNotHeld = errors.New("the token holds no delivery")

// chunk is how many due records are read at once.
const chunk = 32

// parked reads the lane's records out of the parking lot: due ones in due order, never early, at a bounded rate; the
// next of a key; and held ones that are settled by token. It has a share of the arena of its own, so that the lane can
// be full of messages that wait for the very record it brings.
type parked struct {
	loop     *Loop
	lane     *arena.Lane
	arrivals chan arrival
	asked    chan struct{} // look again
	limit    *rate.Limiter

	mu      sync.Mutex // not on a message's path: parked records only
	out     map[pelton.EffectID]struct{}
	fetches []delivery.Fetch
	settles []settle
}

// arrival is a record on its way to the loop, or the answer to a fetch.
type arrival struct {
	delivery.Arrival
	fetch *delivery.Fetch // with Record nil: the next of this key has a due time of its own
	next  pelton.MessageID
}

type settle struct {
	id       pelton.EffectID
	attempt  uint32
	decision delivery.Decision
	answer   chan error
}

func newParked(l *Loop, lane *arena.Lane) *parked {
	return &parked{
		loop: l, lane: lane, arrivals: make(chan arrival, chunk), asked: make(chan struct{}, 1),
		limit: rate.NewLimiter(rate.Limit(l.o.Release), chunk), out: map[pelton.EffectID]struct{}{},
	}
}

func (p *parked) context() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 30*time.Second)
}

func (p *parked) ask() {
	select {
	case p.asked <- struct{}{}:
	default:
	}
}

// landed notes that a record's write is durable: it may be read again, and may be due.
func (p *parked) landed(id pelton.EffectID) {
	p.mu.Lock()
	delete(p.out, id)
	p.mu.Unlock()
	p.ask()
}

func (p *parked) fetch(f delivery.Fetch) {
	p.mu.Lock()
	p.fetches = append(p.fetches, f)
	p.mu.Unlock()
	p.ask()
}

// take marks a record as out of the lot; false when it is already.
func (p *parked) take(id pelton.EffectID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, out := p.out[id]; out {
		return false
	}
	p.out[id] = struct{}{}
	return true
}

func (p *parked) isOut(id pelton.EffectID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, out := p.out[id]
	return out
}

// run is the lane's parking lot reader.
func (p *parked) run(ctx context.Context) {
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
			wait = min(wait, max(0, next.Sub(p.loop.o.Now())))
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
	fetches, settles := p.fetches, p.settles
	p.fetches, p.settles = nil, nil
	p.mu.Unlock()
	for i := range settles {
		if err := p.settleOne(ctx, &settles[i]); err != nil {
			return next, err
		}
	}
	for i := range fetches {
		if err := p.fetchOne(ctx, &fetches[i]); err != nil {
			return next, err
		}
	}
	due, next, err := lot.Due(p.loop.o.Store, p.loop.o.ID.Source, p.loop.o.ID.Lane, p.loop.o.Now(), chunk, p.isOut)
	if err != nil {
		return next, err
	}
	for _, e := range due {
		if err := p.limit.Wait(ctx); err != nil {
			return next, err
		}
		if err := p.bring(ctx, e, nil); err != nil {
			return next, err
		}
	}
	return next, nil
}

func (p *parked) fetchOne(ctx context.Context, f *delivery.Fetch) error {
	e, err := lot.First(p.loop.o.Store, p.loop.o.ID.Source, p.loop.o.ID.Lane, p.loop.o.Graph.Plugins[f.Plugin].Name, f.Hash)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("parking lot: nothing is behind a key of %s that has something behind it: %w", p.loop.o.Graph.Plugins[f.Plugin].Name, store.ErrCorrupt)
	}
	if err != nil {
		return err
	}
	if e.Due.After(p.loop.o.Now()) {
		return p.send(ctx, arrival{fetch: f, next: e.ID.Message})
	}
	return p.bring(ctx, e, nil)
}

// bring lends a record's message and sends it to the loop. It does nothing when the record is out already.
func (p *parked) bring(ctx context.Context, e *lot.Entry, decided *delivery.Decision) error {
	if !p.take(e.ID) {
		return nil
	}
	known, err := lot.Known(p.loop.o.Store, e.ID)
	if err != nil {
		return err
	}
	a := arrival{Arrival: delivery.Arrival{Record: &e.Record, Known: known, Decided: decided}}
	if e.ID.Target.Kind == pelton.TargetPlugin {
		if a.Ref, err = p.lend(ctx, e); err != nil {
			return err
		}
	}
	return p.send(ctx, a)
}

func (p *parked) send(ctx context.Context, a arrival) error {
	select {
	case p.arrivals <- a:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lend copies a record's message into the arena.
func (p *parked) lend(ctx context.Context, e *lot.Entry) (pelton.Ref, error) {
	size := len(e.Payload) + len(e.Key)
	block, err := p.lane.Acquire(ctx, max(1, size))
	if err != nil {
		return pelton.Ref{}, err
	}
	defer p.lane.Done(block)
	copy(block.Bytes(), e.Payload)
	copy(block.Bytes()[len(e.Payload):], e.Key)
	lane := e.ID.Message.Lane
	return p.lane.Commit(block, arena.Frame{
		Length: len(e.Payload), KeyOffset: len(e.Payload), KeyLength: len(e.Key), HasKey: e.HasKey,
		Meta: pelton.Meta{Lane: &lane, Position: e.ID.Message.Position, Path: e.ID.Message.Path, Time: e.Time, Trace: e.Trace, Headers: e.Headers},
	})
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
	l.ledger.Arrive(a.Arrival)
}

// Settle ends a held delivery of this lane by its token (D1). It waits until the hold is durable. The error is
// ErrNotHeld when the token is not, or no longer, the delivery's.
func (l *Loop) Settle(ctx context.Context, id pelton.EffectID, attempt uint32, d delivery.Decision) error {
	s := settle{id: id, attempt: attempt, decision: d, answer: make(chan error, 1)}
	l.parked.mu.Lock()
	l.parked.settles = append(l.parked.settles, s)
	l.parked.mu.Unlock()
	l.parked.ask()
	select {
	case err := <-s.answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-l.done:
		return fmt.Errorf("lane %s is closed: %w", l.o.ID, ErrNotHeld)
	}
}

// settleOne looks a held record up and sends it to the loop with its decision.
func (p *parked) settleOne(ctx context.Context, s *settle) error {
	e, err := lot.Get(p.loop.o.Store, s.id)
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	case err != nil, e.Kind != delivery.KindHold, e.Attempt != s.attempt, p.isOut(s.id):
		s.answer <- fmt.Errorf("%s attempt %d: %w", s.id, s.attempt, ErrNotHeld)
		return nil
	}
	s.answer <- nil
	return p.bring(ctx, e, &s.decision)
}

// Act changes the lot or the dead letters of this lane from outside: change is called with what is out of the lot at
// that moment, and what it returns is made durable in the journal's order.
func (l *Loop) Act(ctx context.Context, change func(out func(pelton.EffectID) bool) ([]store.Record, error)) error {
	answer := make(chan error, 1)
	if !l.Do(func() {
		records, err := change(l.parked.isOut)
		if err != nil || len(records) == 0 {
			answer <- err
			return
		}
		l.journal.append(records, func() {
			l.parked.ask()
			answer <- nil
		})
	}) {
		return fmt.Errorf("lane %s is closed", l.o.ID)
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-l.done:
		return fmt.Errorf("lane %s is closed", l.o.ID)
	}
}
