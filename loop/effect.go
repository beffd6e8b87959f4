package loop

import (
	"bytes"
	"errors"
	"sync"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/delivery"
)

// handed is how many effects are offered to a target at once.
const handed = 256

// gate is the way to one target. It is the [pelton.Completer] of the effects that went through it.
type gate struct {
	loop   *Loop
	target int
	closed bool              // the target took less than was offered, and has not called for more
	flight int               // effects that it has not completed
	traced map[uint64]flight // of them those of traced messages, by token

	mutex sync.Mutex
	done  []completion // that the loop has not heard of; guarded by mutex
	heard []completion // what it heard of last, whose room is used again
}

// completion is the outcome of an effect.
type completion struct {
	token uint64
	err   error
}

// Complete implements [pelton.Completer]. A target completes many at once, so one note tells of all that have come since the
// loop looked.
func (g *gate) Complete(token uint64, err error) {
	g.mutex.Lock()
	g.done = append(g.done, completion{token, err})
	first := len(g.done) == 1
	g.mutex.Unlock()
	if first {
		g.loop.box.tell(note{kind: noteEffect, target: g.target})
	}
}

// completed takes the outcomes into the account.
func (l *Loop) completed(g *gate) {
	g.mutex.Lock()
	g.done, g.heard = g.heard[:0], g.done
	g.mutex.Unlock()
	g.flight -= len(g.heard)
	for _, c := range g.heard {
		if l.o.Tracer != nil {
			l.traceCompleted(g, c.token, c.err)
		}
		l.ledger.Complete(c.token, c.err, l.now)
	}
	clear(g.heard)
}

// Room implements [pelton.Completer].
func (g *gate) Room() { g.loop.box.tell(note{kind: noteRoom, target: g.target}) }

// handOver offers the outboxes to their targets.
func (l *Loop) handOver() bool {
	more := false
	for t := range l.gates {
		g := &l.gates[t]
		for !g.closed {
			l.effects = l.ledger.Outbox(t, handed, l.effects[:0])
			if len(l.effects) == 0 {
				break
			}
			taken := l.o.Targets[t].Offer(l.effects, g)
			l.ledger.Taken(t, taken)
			g.flight += taken
			if l.o.Tracer != nil {
				l.traceOffered(g, l.effects[:taken])
			}
			if l.o.Tap.Active() {
				l.tapEffects(t, l.effects[:taken])
			}
			g.closed = taken < len(l.effects)
			clear(l.effects)
			more = true
		}
	}
	return more
}

// nest is where the emits of one plugin enter its output arena, for the plugins that read it.
type nest struct {
	arena *arena.Arena
	lane  *arena.Lane
	block *arena.Block // being filled in this turn of the loop
	used  int          // bytes of it
	full  bool         // no room; a note comes when there is
}

// room gives a block with n free bytes behind what is used of it.
func (n *nest) room(size int) (bool, error) {
	if n.block != nil && len(n.block.Bytes())-n.used >= size {
		return true, nil
	}
	n.done()
	block, ok, err := n.lane.TryAcquire(max(1, size))
	if ok {
		n.block, n.used = block, 0
	}
	return ok, err
}

// done ends the filling, so that nothing is kept from the arena while the lane is idle (A3).
func (n *nest) done() {
	if n.block != nil {
		n.lane.Done(n.block)
		n.block = nil
	}
}

func (l *Loop) newNest(plugin int) (*nest, error) {
	if l.o.Outputs[plugin] == nil {
		return nil, nil
	}
	lane, err := l.lane(l.o.Outputs[plugin], l.o.ID.String())
	if err != nil {
		return nil, err
	}
	n := &nest{arena: l.o.Outputs[plugin], lane: lane}
	lane.OnRoom(func() { l.box.tell(note{kind: noteRun, run: func() { n.full = false }}) })
	return n, nil
}

// children copies emits into the output arenas, one by one as there is room: no stage waits for one above it.
func (l *Loop) children() bool {
	more := false
	for p, n := range l.nests {
		if n == nil || n.full || l.closing {
			continue
		}
		for range handed {
			c, ok := l.ledger.NextChild(p)
			if !ok || !l.adopt(p, n, c) {
				break
			}
			more = true
		}
		n.done()
	}
	return more
}

// adopt makes one emit a message of its own. false when there is no room.
func (l *Loop) adopt(p int, n *nest, c delivery.Child) bool {
	size := len(c.Payload) + len(c.Key)
	ok, err := n.room(size)
	switch {
	case errors.Is(err, arena.ErrTooLarge):
		l.ledger.TooLarge(p, delivery.Record{First: l.now, Failed: l.now})
		return true
	case err != nil:
		l.fail(err)
		return false
	case !ok:
		n.full = true
		return false
	}
	at := n.used
	copy(n.block.Bytes()[at:], c.Payload)
	copy(n.block.Bytes()[at+len(c.Payload):], c.Key)
	ref, err := n.lane.Commit(n.block, &arena.Frame{
		Offset: at, Length: len(c.Payload), KeyOffset: at + len(c.Payload), KeyLength: len(c.Key), HasKey: c.Key != nil,
		Meta: pelton.Meta{Lane: &l.o.ID, Position: c.Position, Next: c.Next, Path: c.ID.Path, Time: c.Time, Trace: c.Trace},
	})
	if errors.Is(err, arena.ErrFull) {
		// No slot is free, and a block alone would not tell when there is one: the next acquire does.
		n.done()
		return l.adopt(p, n, c)
	}
	if err != nil {
		l.fail(err)
		return false
	}
	n.used = at + size
	l.owners[ref.Index>>24] = n.arena
	l.ledger.Adopt(p, ref, decode.Hash(c.Key))
	return true
}

// move takes what began to wait out of its block. It comes before dispatch, which may give the message to an actor again:
// nobody has a view of it now (A1).
func (l *Loop) move() {
	l.refs = l.ledger.Moves(l.refs[:0])
	for _, ref := range l.refs {
		// ErrFull leaves it where it is; the other errors would mean that the account is wrong, which Release reports.
		_ = l.owners[ref.Index>>24].Move(ref)
	}
}

// release gives back what no delivery needs.
func (l *Loop) release() {
	l.refs = l.ledger.Releases(l.refs[:0])
	for refs := l.refs; len(refs) > 0; {
		n, err := l.owners[refs[0].Index>>24].ReleaseRun(refs)
		if err != nil {
			l.fail(err)
		}
		refs = refs[n:]
	}
}

// fill copies a message into the record that is to be durable.
func (l *Loop) fill(w *delivery.Write) error {
	if !w.Ref.Valid() {
		return nil
	}
	loan, err := l.owners[w.Ref.Index>>24].Loan(w.Ref)
	if err != nil {
		return err
	}
	view, m, r := loan.View(), &loan.Meta, w.Record
	r.Payload, r.Key, r.HasKey = bytes.Clone(loan.Payload), bytes.Clone(loan.Key), loan.Key != nil
	r.Time, r.Trace, r.Headers = m.Time, m.Trace, m.Headers
	r.Fields = view.Located()
	return nil
}
