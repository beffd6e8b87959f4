package loop

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/store"
)

// Options of a lane's loop. Graph, Lane, Store, Arena and the slices that belong to the graph are required.
type Options struct {
	Lane    source.Lane
	ID      pelton.LaneID // as the lane goes on: see source.Resume
	From    uint64        // stored watermark
	Graph   *delivery.Graph
	Plugins []*actor.Plugin  // by index in the graph
	Targets []pelton.Offerer // by index in the graph
	Arena   *arena.Arena     // of the source
	Outputs []*arena.Arena   // by index in the graph: of plugins whose emits other plugins read, else nil
	Decode  decode.Config
	// MaxMessage is the largest emit, in bytes, that other plugins can read.
	MaxMessage int64
	Rate       float64 // messages per second; 0 for as fast as it goes
	Store      store.Store
	Window     int // messages between watermark and head; default 65,536
	Turn       int // deliveries in one turn; default 64
	// Release is the highest number of records that come back from the parking lot in a second; default 5,000.
	Release float64
	// Settle routes a settlement by token to the lane that held the delivery.
	Settle func(ctx context.Context, token string, d delivery.Decision) error
	// Failed is told of a failure of the source that is tried again, and of one that ends the loop.
	Failed func(err error, final bool)
	// Renewed is told that the content under the lane's name was replaced: the lane is over.
	Renewed func()
	Now     func() time.Time
}

func (o *Options) defaults() {
	if o.Window == 0 {
		o.Window = 1 << 16
	}
	if o.Turn == 0 {
		o.Turn = 64
	}
	if o.Release == 0 {
		o.Release = 5000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// Loop runs one lane.
type Loop struct {
	o       Options
	ledger  *delivery.Ledger
	journal *journal
	box     inbox
	ring    *ring
	parked  *parked
	decoder *decode.Decoder
	owners  [256]*arena.Arena // by the number in a reference
	seats   [][]*turn         // by plugin and instance: the one turn of each
	gates   []gate            // by target
	nests   []*nest           // by plugin: where its emits enter its output arena
	stop    context.CancelFunc
	done    chan struct{}
	wait    sync.WaitGroup // the two readers
	state
	figures atomic.Pointer[Stats]
}

// state is the loop goroutine's own.
type state struct {
	now        time.Time
	ended      bool   // the reader is at the end
	issued     uint64 // watermark handed to the journal
	durable    uint64 // watermark that the source knows
	inFlight   bool   // a checkpoint is with the journal
	closing    bool
	failure    error
	drained    chan struct{}
	published  time.Time
	refs       []pelton.Ref
	writes     []delivery.Write
	fetches    []delivery.Fetch
	effects    []pelton.Effect
	retryOffer bool
}

// Start loads what the lane's account begins with and starts its goroutines.
func Start(ctx context.Context, o Options) (*Loop, error) {
	o.defaults()
	begin, err := lot.Load(o.Store, o.ID, o.From)
	if err != nil {
		return nil, fmt.Errorf("lane %s: %w", o.ID, err)
	}
	l := &Loop{o: o, done: make(chan struct{}), ring: newRing(o.Rate)}
	l.box.wake = make(chan struct{}, 1)
	l.issued, l.durable, l.now = o.From, o.From, o.Now()
	l.drained = make(chan struct{})
	l.ledger = delivery.New(delivery.Options{
		Lane: o.ID, Graph: o.Graph, Watermark: o.From, Window: o.Window, Mark: lot.Mark, Jitter: rand.Float64,
		Known: begin.Known, Blocked: begin.Blocked,
	})
	if l.journal, err = openJournal(ctx, o.Store, "lane/"+o.ID.Source+"/"+o.ID.Lane, &l.box, l.fail); err != nil {
		return nil, fmt.Errorf("lane %s: %w", o.ID, err)
	}
	if err := l.furnish(); err != nil {
		return nil, fmt.Errorf("lane %s: %w", o.ID, err)
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	l.figures.Store(&Stats{Lane: o.ID, Position: o.From, Watermark: o.From})
	r := &reader{lane: o.Lane, decoder: l.decoder, ring: l.ring, ended: l.readerEnded, failed: l.readerFailed}
	l.wait.Go(func() { r.run(running, o.From) })
	l.wait.Go(func() { l.parked.run(running) })
	go l.run()
	return l, nil
}

// furnish makes what belongs to the graph: seats for turns, gates to targets, nests for emits.
func (l *Loop) furnish() error {
	own, err := l.o.Arena.Lane(l.o.ID.Lane)
	if err != nil {
		return err
	}
	back, err := l.o.Arena.Lane(l.o.ID.Lane + " (parked)")
	if err != nil {
		return err
	}
	if l.decoder, err = decode.New(l.o.Decode, own, &l.o.ID, l.ring, l.o.Now); err != nil {
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

func (l *Loop) readerEnded(err error) {
	l.box.tell(note{kind: noteRun, run: func() {
		l.ended = true
		if errors.Is(err, source.ErrRenewed) && l.o.Renewed != nil {
			l.o.Renewed()
		}
	}})
}

func (l *Loop) readerFailed(err error) {
	if l.o.Failed != nil {
		l.o.Failed(err, false)
	}
}

// fail ends the loop: nothing can be made durable any more.
func (l *Loop) fail(err error) {
	if l.failure == nil {
		l.failure = fmt.Errorf("lane %s: %w", l.o.ID, err)
		if l.o.Failed != nil {
			l.o.Failed(l.failure, true)
		}
	}
}

// run is the loop goroutine: wait for something, do all that follows from it, in turns of bounded work.
func (l *Loop) run() {
	defer close(l.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for !l.over() {
		l.rest(timer)
		l.now = l.o.Now()
		l.ledger.Tick(l.now)
		for l.work() {
			l.now = l.o.Now()
		}
		l.publish(false)
	}
	l.publish(true)
}

// rest waits until there is something to do.
func (l *Loop) rest(timer *time.Timer) {
	var frames chan []decode.Frame
	var records chan arrival
	if !l.closing && l.failure == nil {
		records = l.parked.arrivals
		if !l.ledger.Full() {
			frames = l.ring.full
		}
	}
	timer.Reset(l.patience())
	select {
	case batch := <-frames:
		l.admit(batch)
	case a := <-records:
		l.arrive(a)
	case <-l.box.wake:
	case <-timer.C:
	}
}

// patience is how long nothing needs to be done.
func (l *Loop) patience() time.Duration {
	wait := time.Second
	if l.retryOffer {
		wait = 10 * time.Millisecond
	}
	if due, ok := l.ledger.Due(); ok {
		wait = min(wait, max(0, due.Sub(l.o.Now())))
	}
	return wait
}

// work does one turn of all that can be done without waiting, and reports whether there may be more.
func (l *Loop) work() bool {
	more := l.takeNotes()
	more = l.takeFrames() || more
	if l.failure != nil {
		return more
	}
	more = l.dispatch() || more
	more = l.children() || more
	more = l.handOver() || more
	l.release()
	l.carryWrites()
	l.checkpoint()
	if l.closing {
		l.checkDrained()
	}
	return more
}

// takeFrames admits what has come meanwhile, a batch at a time, as long as the window has room.
func (l *Loop) takeFrames() bool {
	if l.closing || l.failure != nil || l.ledger.Full() {
		return false
	}
	select {
	case batch := <-l.ring.full:
		l.admit(batch)
		return true
	case a := <-l.parked.arrivals:
		l.arrive(a)
		return true
	default:
		return false
	}
}

func (l *Loop) takeNotes() bool {
	n := l.box.take()
	if n == nil {
		return false
	}
	for n != nil {
		next := n.next
		l.hear(n)
		*n = note{}
		notes.Put(n)
		n = next
	}
	return true
}

func (l *Loop) hear(n *note) {
	switch n.kind {
	case noteTurn:
		l.returned(n.turn)
	case noteEffect:
		l.gates[n.target].flight--
		l.ledger.Complete(n.token, n.err, delivery.Record{Failed: l.now, First: l.now})
	case noteRoom:
		l.gates[n.target].closed = false
	case noteRun:
		n.run()
	}
}

// Do runs f on the loop goroutine, soon; false when the loop is over. f must not block.
func (l *Loop) Do(f func()) bool {
	select {
	case <-l.done:
		return false
	default:
		l.box.tell(note{kind: noteRun, run: f})
		return true
	}
}

func (l *Loop) over() bool {
	select {
	case <-l.drained:
		return true
	default:
		return l.failure != nil && l.closing
	}
}

// Close stops reading, lets the turns in progress finish, hands their effects on, makes the last watermark durable and
// ends. What waits is abandoned: it is redelivered. When ctx ends first the loop goes without the rest.
func (l *Loop) Close(ctx context.Context) error {
	l.stop()
	l.Do(func() { l.closing = true })
	var err error
	select {
	case <-l.done:
	case <-ctx.Done():
		err = fmt.Errorf("lane %s: not drained: %s: %w", l.o.ID, l.Stats().Paused, context.Cause(ctx))
		l.Do(func() { l.closing = true; l.fail(err) })
		<-l.done
	}
	l.wait.Wait()
	return err
}

// checkDrained ends a closing loop once nothing of it is under way.
func (l *Loop) checkDrained() {
	for _, seats := range l.seats {
		for _, t := range seats {
			if t.out {
				return
			}
		}
	}
	if l.ledger.UnderWay() == 0 && l.journal.idle() && l.issued >= l.ledger.Watermark() {
		select {
		case <-l.drained:
		default:
			close(l.drained)
		}
	}
}
