package loop

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
)

// ErrClosed says that the lane's loop failed, is over or about to be.
var ErrClosed = errors.New("the lane is closed")

// life is how the loop's goroutines end.
type life struct {
	stop    context.CancelFunc // the readers
	readers sync.WaitGroup
	errands errands
	broken  chan struct{} // the loop failed
	done    chan struct{} // the loop goroutine has ended
	emptied sync.Once
}

// errands are goroutines that wait for something on behalf of the loop, which never does; they end with it.
type errands struct {
	ctx  context.Context //nolint:containedctx // of the loop's life
	end  context.CancelFunc
	wait sync.WaitGroup
	open int // of those that a drain waits for; the loop goroutine's
}

func (e *errands) run(f func(ctx context.Context)) { e.wait.Go(func() { f(e.ctx) }) }

// errandTime is how long a settlement of a held delivery in some lane is tried.
const errandTime = 30 * time.Second

// Close stops reading, lets the turns in progress finish, hands their effects on, makes the last watermark durable and
// ends. What waits is abandoned: it is redelivered. When ctx ends first the loop goes without the rest. The arenas have
// everything back then, but for what a plugin still has.
func (l *Loop) Close(ctx context.Context) error {
	l.stop()
	l.Do(func() { l.closing = true })
	var err error
	select {
	case <-l.done:
	case <-ctx.Done():
		answer := make(chan error, 1)
		l.Do(func() {
			left := fmt.Errorf("not drained: %s: %w", l.left(), context.Cause(ctx))
			answer <- left
			l.closing, l.failure = true, left
		})
		<-l.done
		select {
		case left := <-answer:
			err = fmt.Errorf("lane %s: %w", l.o.ID, left)
		default: // it ended meanwhile
		}
	}
	l.readers.Wait()
	l.errands.wait.Wait()
	l.emptied.Do(l.empty)
	return err
}

// left says what a drain waits for.
func (l *Loop) left() string {
	for p, seats := range l.seats {
		for _, t := range seats {
			if t.out {
				return fmt.Sprintf("plugin/%s is in its turn", l.o.Graph.Plugins[p].Name)
			}
		}
	}
	for t := range l.gates {
		if n := l.gates[t].flight + l.ledger.Queued(t); n > 0 {
			return fmt.Sprintf("%s has not completed %d effects", l.o.Graph.Targets[t], n)
		}
	}
	if l.journal.full != "" {
		return "store: " + l.journal.full
	}
	if l.errands.open > 0 {
		return fmt.Sprintf("%d settlements of held deliveries are under way", l.errands.open)
	}
	return "the store has not made everything durable"
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
	l.drained = l.ledger.UnderWay() == 0 && l.errands.open == 0 && l.journal.idle() && l.issued >= l.ledger.Watermark()
}

func (l *Loop) over() bool { return l.drained || l.failure != nil && l.closing }

// empty gives the arenas back what the loop ends with: all of it is redelivered. All goroutines have ended.
func (l *Loop) empty() {
	give := func(a *arena.Arena, ref pelton.Ref) {
		if ref.Valid() {
			_ = a.Release(ref) // an error would say that it is back already
		}
	}
	if l.decoder != nil {
		l.decoder.Reset()
	}
	for _, f := range l.ring.rest() {
		give(l.o.Arena, f.Ref)
	}
	for l.parked != nil && len(l.parked.arrivals) > 0 {
		give(l.o.Arena, (<-l.parked.arrivals).Ref)
	}
	for _, ref := range l.ledger.Lent(nil) {
		give(l.owners[ref.Index>>24], ref)
	}
	for _, lane := range l.lanes {
		lane.Close()
	}
}
