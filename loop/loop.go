package loop

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/source"
)

// Loop runs one lane.
type Loop struct {
	life
	places
	state

	o       Options
	ledger  *delivery.Ledger
	journal journal
	box     inbox
	ring    *ring
	parked  *parked
	place   place
	decoder *decode.Decoder
	changes []change // being gathered
	asks    []delivery.Ask
	figures board
}

// places are what the loop keeps for each part of the graph, and where its messages lie.
type places struct {
	seats  [][]*turn // by plugin and instance: the one turn of each
	brisk  int       // turns that are out and likely back soon
	gates  []gate    // by target
	sheets sheets
	nests  []*nest           // by plugin: where its emits enter its output arena
	lanes  []*arena.Lane     // all that were opened
	owners [256]*arena.Arena // by the number in a reference
}

// state is the loop goroutine's own.
type state struct {
	scratch
	rested

	now        time.Time
	ended      bool      // the reader is at the end
	issued     uint64    // watermark handed to the journal
	durable    uint64    // watermark that the source knows
	inFlight   bool      // a checkpoint is with the journal
	stepped    time.Time // when the last one was handed to it
	onDurable  func()    // checkpointed, made a function once
	closing    bool
	drained    bool
	failure    error
	published  time.Time
	stale      bool // something may have changed since
	busy       bool // the lane was, when that was looked at last
	retryOffer bool
}

// rested is what is left of the last rest.
type rested struct {
	alarmed time.Time      // when the timer goes off; zero once it did
	batch   []decode.Frame // that ended the rest and is not admitted yet
}

// scratch is what one step of the loop's work hands to the next, reused.
type scratch struct {
	refs    []pelton.Ref
	framed  []delivery.Framed
	writes  []delivery.Write
	fetches []delivery.Fetch
	early   []pelton.EffectID
	effects []pelton.Effect
}

// Start loads what the lane's account begins with and starts its goroutines.
func Start(ctx context.Context, o Options) (*Loop, error) { //nolint:contextcheck // the loop outlives the start
	o.defaults()
	l := &Loop{o: o, ring: newRing(o.Pace)}
	l.broken, l.done, l.box.wake = make(chan struct{}), make(chan struct{}), make(chan struct{}, 1)
	l.place, l.onDurable = newPlace(o.ID), l.checkpointed
	l.issued, l.durable, l.now = o.From, o.From, time.Now()
	l.errands.ctx, l.errands.end = context.WithCancel(context.WithoutCancel(ctx)) //nolint:fatcontext // kept for errands alone
	l.journal = newJournal(l, "lane/"+o.ID.Source+"/"+o.ID.Lane)
	if err := l.prepare(ctx); err != nil {
		l.errands.end()
		return nil, fmt.Errorf("lane %s: %w", o.ID, err)
	}
	l.publish(true)
	var running context.Context
	running, l.stop = context.WithCancel(l.errands.ctx)
	r := &reader{lane: o.Lane, decoder: l.decoder, ring: l.ring, ended: l.readerEnded, failed: l.trouble}
	l.readers.Go(func() { r.run(running, o.From) })
	l.readers.Go(func() { l.parked.run(running) })
	go l.run()
	return l, nil
}

// prepare opens the account. The claim comes before the load, so that nothing of an earlier owner is missed.
func (l *Loop) prepare(ctx context.Context) error {
	if err := l.journal.claim(ctx); err != nil {
		return err
	}
	if err := l.sweep(ctx); err != nil {
		return err
	}
	begin, err := lot.Load(l.o.Store, l.o.ID, l.o.From)
	if err != nil {
		return err
	}
	l.ledger = delivery.New(delivery.Options{
		Lane: l.o.ID, Graph: l.o.Graph, Watermark: l.o.From, Window: l.o.Window, Output: sourceQueue, Mark: lot.Mark, Jitter: rand.Float64,
		Known: begin.Known, Blocked: begin.Blocked,
	})
	for p, pause := range l.o.Paused {
		l.ledger.Pause(p, pause)
	}
	err = l.furnish()
	if err == nil {
		err = l.resume()
	}
	if err != nil {
		l.empty()
	}
	return err
}

// furnish makes what belongs to the graph: seats for turns, gates to targets, nests for emits.
func (l *Loop) furnish() error {
	own, err := l.lane(l.o.Arena, l.o.ID.Lane)
	if err != nil {
		return err
	}
	back, err := l.lane(l.o.Arena, l.o.ID.Lane+" (parked)")
	if err != nil {
		return err
	}
	if l.decoder, err = decode.New(l.o.Decode, own, &l.o.ID, l.ring, time.Now); err != nil {
		return err
	}
	l.parked = newParked(l, back)
	for p, plugin := range l.o.Plugins {
		seats := make([]*turn, plugin.Instances())
		for i := range seats {
			seats[i] = l.newTurn(p, i)
		}
		l.seats = append(l.seats, seats)
		nest, err := l.newNest(p)
		if err != nil {
			return err
		}
		l.nests = append(l.nests, nest)
	}
	for t := range l.o.Targets {
		l.gates = append(l.gates, gate{loop: l, target: t})
	}
	return nil
}

// lane opens a lane of an arena; it is closed with the loop.
func (l *Loop) lane(a *arena.Arena, name string) (*arena.Lane, error) {
	lane, err := a.Lane(name)
	if err == nil {
		l.lanes = append(l.lanes, lane)
	}
	return lane, err
}

func (l *Loop) readerEnded(err error) {
	l.box.tell(note{kind: noteRun, run: func() {
		l.ended = true
		if errors.Is(err, source.ErrRenewed) {
			l.o.Renewed()
		}
	}})
}

// trouble reports what is tried again.
func (l *Loop) trouble(err error) { l.o.Failed(fmt.Errorf("lane %s: %w", l.o.ID, err), false) }

// fail ends the loop: nothing can be made durable any more.
func (l *Loop) fail(err error) {
	if l.failure == nil {
		l.failure = fmt.Errorf("lane %s: %w", l.o.ID, err)
		close(l.broken)
		l.o.Failed(l.failure, true)
	}
}

// run is the loop goroutine: do what can be done, in turns of bounded work, then wait for something. Timers and figures
// have their turn also while work never ends.
func (l *Loop) run() {
	defer close(l.done)
	defer l.errands.end()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		l.now = time.Now()
		l.ledger.Tick(l.now)
		more := l.work()
		if l.over() {
			break
		}
		l.publish(false)
		if !more {
			l.rest(timer)
		}
	}
	l.publish(true)
}

// alarm sets the timer, unless it goes off before that anyway: a look too many costs less than setting it at each rest.
func (l *Loop) alarm(timer *time.Timer, wait time.Duration) {
	at := l.now.Add(wait)
	if l.alarmed.After(l.now) && !l.alarmed.After(at) {
		return
	}
	timer.Reset(wait)
	l.alarmed = at
}

// rest waits until there is something to do.
func (l *Loop) rest(timer *time.Timer) {
	var frames chan []decode.Frame
	var records chan arrival
	if l.admits() {
		frames = l.ring.full
	}
	if l.receives() {
		records = l.parked.arrivals
	}
	l.alarm(timer, l.patience())
	select {
	case l.batch = <-frames:
	case a := <-records:
		l.now = time.Now()
		l.arrive(a)
	case <-l.box.wake:
		if l.brisk > 1 {
			// More turns that take no time are out than the one that is back. Their actors go first, and what they answer is
			// heard at once: the loop would come and go for each otherwise.
			runtime.Gosched()
		}
	case <-timer.C:
		l.alarmed = time.Time{}
	}
}

// receives reports whether records of the parking lot may come in: always, since what they wait for may be among them.
func (l *Loop) receives() bool { return !l.closing && l.failure == nil }

// admits reports whether more of the source may come in: the window and the way to the store have room (A2), and some
// instance has less to do than its next turns hold. What comes in earlier than that would only leave the caches again
// before it is looked at.
func (l *Loop) admits() bool {
	return l.receives() && !l.ledger.Full() && l.journal.room() && l.ledger.Hungry(ahead)
}

const (
	ahead  = 2 * delivery.MaxTurn  // deliveries that wait for an instance before it needs no more
	fresh  = 50 * time.Millisecond // between two copies of the figures under load
	glance = time.Second           // between two looks at an idle lane
)

// patience is how long nothing needs to be done.
func (l *Loop) patience() time.Duration {
	wait := glance
	switch {
	case l.retryOffer:
		wait = 10 * time.Millisecond
	case l.stale:
		wait = max(0, fresh-l.now.Sub(l.published))
	case !l.figures.shown.Idle: // why the source is paused is for somebody to see
		wait = 2 * fresh
	}
	if due, ok := l.ledger.Due(); ok {
		wait = min(wait, max(0, due.Sub(l.now)))
	}
	if !l.inFlight && l.ledger.Watermark() > l.issued {
		wait = min(wait, max(0, l.stepped.Add(stride).Sub(l.now)))
	}
	return wait
}

// work does one turn of all that can be done without waiting, and reports whether there may be more.
func (l *Loop) work() bool {
	more := l.takeNotes()
	more = l.takeFrames() || more
	if l.failure != nil {
		l.abandon()
		return more
	}
	l.move()
	more = l.dispatch() || more
	more = l.children() || more
	more = l.handOver() || more
	l.ask()
	l.release()
	l.carryWrites()
	l.checkpoint()
	if l.closing {
		l.checkDrained()
	}
	return more
}

// takeFrames takes what has come meanwhile: a batch, perhaps the one that ended the rest, and a record of the parking lot.
func (l *Loop) takeFrames() bool {
	if l.batch == nil && l.admits() {
		select {
		case l.batch = <-l.ring.full:
		default:
		}
	}
	more := l.batch != nil
	if more {
		l.admit(l.batch)
		l.batch = nil
	}
	if l.receives() {
		select {
		case a := <-l.parked.arrivals:
			l.arrive(a)
			more = true
		default:
		}
	}
	return more
}

func (l *Loop) takeNotes() bool {
	n := l.box.take()
	if n == nil {
		return false
	}
	for n != nil {
		next, kind := n.next, n.kind
		l.hear(n)
		if kind != noteTurn { // which belongs to its turn
			*n = note{}
			notes.Put(n)
		}
		n = next
	}
	return true
}

func (l *Loop) hear(n *note) {
	switch n.kind {
	case noteTurn:
		l.returned(n.turn)
	case noteEffect:
		l.completed(&l.gates[n.target])
	case noteRoom:
		l.gates[n.target].closed = false
	case noteWritten:
		l.journal.answered(n.err)
	case noteRun:
		n.run()
	}
}

// Resume offers messages again to a plugin, by index in the graph, that stopped after the last attempt of one.
func (l *Loop) Resume(plugin int) { l.Do(func() { l.ledger.Resume(plugin) }) }

// Pause holds a plugin back, by index in the graph, or lets it go on.
func (l *Loop) Pause(plugin int, p delivery.Pause) { l.Do(func() { l.ledger.Pause(plugin, p) }) }

// Do runs f on the loop goroutine, soon; false when the loop is over. f must not block. A loop that ends meanwhile does
// not run it.
func (l *Loop) Do(f func()) bool {
	select {
	case <-l.done:
		return false
	default:
		l.box.tell(note{kind: noteRun, run: f})
		return true
	}
}
