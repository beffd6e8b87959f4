package feed

import (
	"context"
	"sync"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/internal/faults/record"
)

// Feed is one source. Its methods are called one after the other.
type Feed interface {
	// Start makes ready in a directory of its own and gives the source's entry in the config, as one line of YAML. The wheel
	// is told to connect by the way.
	Start(dir string, l *record.Ledger, via Way) (config string, err error)
	// Send sends at the pace to the wheel that answers at addr until ctx ends. That the wheel is gone is no error.
	Send(ctx context.Context, addr string, p Pace) error
	// Read reports whether the wheel has settled all that was acknowledged.
	Read(s api.SourceStats) bool
	Close() error
}

// Way gives an address that leads to the address; nil is the straight way.
type Way func(addr string) (string, error)

func (w Way) to(addr string) (string, error) {
	if w == nil {
		return addr, nil
	}
	return w(addr)
}

// Stormy is a feed whose upstream can make others join and leave, so that what the wheel reads is taken from it and given
// back.
type Stormy interface {
	// Storm joins and leaves once.
	Storm(ctx context.Context) error
}

// Kinds are the sources that the suite knows, by name.
var Kinds = map[string]func() Feed{
	"file":  func() Feed { return &file{} },
	"http":  func() Feed { return &web{} },
	"kafka": func() Feed { return &kafka{} },
	"nats":  func() Feed { return &nats{} },
}

// Pace is how fast all senders together send.
type Pace struct {
	Rate  int // messages a second
	Batch int // of one sender
}

// tick is how long one sender takes for a batch.
func (p Pace) tick() time.Duration {
	return time.Duration(p.Batch) * record.Lanes * time.Second / time.Duration(p.Rate)
}

// senders runs one goroutine for each sender and calls send for each batch, at the pace, until ctx ends. send's false
// ends its sender. The first error ends all.
func senders(ctx context.Context, p Pace, send func(ctx context.Context, sender int) (bool, error)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for sender := range record.Lanes {
		all.Go(func() {
			tick := time.NewTicker(p.tick())
			defer tick.Stop()
			for ctx.Err() == nil {
				if on, err := send(ctx, sender); err != nil {
					cancel(err)
					return
				} else if !on {
					return
				}
				select {
				case <-ctx.Done():
				case <-tick.C:
				}
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != context.Canceled { //nolint:errorlint // the plain one only: a cause is a failure
		return err
	}
	return nil
}

// text is a batch as lines.
func text(all []record.Message) []byte {
	var b []byte
	for _, m := range all {
		b = append(m.AppendTo(b), '\n')
	}
	return b
}
