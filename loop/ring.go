package loop

import (
	"context"
	"sync/atomic"

	"golang.org/x/time/rate"

	"github.com/peltonhq/pelton/decode"
)

// The ring between reader and loop: at most ringBatches batches of at most ringFrames frames.
const (
	ringBatches = 8
	ringFrames  = 64
)

// ring is a bounded queue of reused batches. It implements [decode.Out] for the reader.
type ring struct {
	full    chan []decode.Frame
	empty   chan []decode.Frame
	batch   []decode.Frame
	limit   *rate.Limiter // frames per second; nil for as fast as it goes
	size    int           // frames of a batch
	blocked atomic.Bool   // the reader waits for the loop
}

// Pace is how many messages a second lanes read, those that share it together.
type Pace struct {
	limit *rate.Limiter
	size  int // frames of a batch
}

// NewPace is so many messages a second; nil, which is as fast as it goes, for 0.
func NewPace(perSecond float64) *Pace {
	if perSecond <= 0 {
		return nil
	}
	// Fifty handings-over a second look smooth and cost little.
	size := min(ringFrames, max(1, int(perSecond/50)))
	// What a late wake-up missed is made up for, up to one fiftieth of a second.
	return &Pace{limit: rate.NewLimiter(rate.Limit(perSecond), max(size, int(perSecond/50))), size: size}
}

func newRing(pace *Pace) *ring {
	r := &ring{full: make(chan []decode.Frame, ringBatches), empty: make(chan []decode.Frame, ringBatches+1), size: ringFrames}
	for range ringBatches + 1 {
		r.empty <- make([]decode.Frame, 0, ringFrames)
	}
	if pace != nil {
		r.size, r.limit = pace.size, pace.limit
	}
	return r
}

// Frame implements [decode.Out].
func (r *ring) Frame(ctx context.Context, f decode.Frame) error {
	if r.batch == nil {
		select {
		case r.batch = <-r.empty:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r.batch = append(r.batch, f)
	if len(r.batch) < r.size {
		return nil
	}
	err := r.Flush(ctx)
	if err != nil { // then the frame stays the decoder's, which takes it back
		r.batch = r.batch[:len(r.batch)-1]
	}
	return err
}

// Flush implements [decode.Out].
func (r *ring) Flush(ctx context.Context) error {
	if len(r.batch) == 0 {
		return nil
	}
	if r.limit != nil {
		if err := r.limit.WaitN(ctx, len(r.batch)); err != nil {
			return context.Cause(ctx)
		}
	}
	select {
	case r.full <- r.batch:
	default:
		r.blocked.Store(true)
		select {
		case r.full <- r.batch:
			r.blocked.Store(false)
		case <-ctx.Done():
			r.blocked.Store(false)
			return ctx.Err()
		}
	}
	r.batch = nil
	return nil
}

// rest takes the frames that were not admitted, once the reader has ended.
func (r *ring) rest() []decode.Frame {
	all := r.batch
	for {
		select {
		case batch := <-r.full:
			all = append(all, batch...)
		default:
			return all
		}
	}
}

// back returns a batch that the loop has admitted. It is not cleared, so that the reader need not fetch it from the loop's processor
// to write it anew; whoever takes a frame's Bad takes it out.
func (r *ring) back(batch []decode.Frame) { r.empty <- batch[:0] }
