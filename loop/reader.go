package loop

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
)

// reader is the lane's first goroutine: the only one, with the parking lot's reader, that waits for the arena.
type reader struct {
	lane    source.Lane
	decoder *decode.Decoder
	ring    *ring
	ended   func(error) // once: nil at the end of a finite lane, source.ErrRenewed, or nothing more because ctx ended
	failed  func(error) // each failure that is tried again
}

func (r *reader) run(ctx context.Context, from uint64) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 100*time.Millisecond, 10*time.Second
	for {
		err := r.lane.Read(ctx, from, r.decoder)
		if err == nil {
			err = r.ring.Flush(ctx)
			if err == nil {
				r.ended(nil)
				return
			}
		}
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, source.ErrRenewed) {
			r.decoder.Reset()
			if r.ring.Flush(ctx) == nil {
				r.ended(err)
			}
			return
		}
		r.failed(err)
		if flush := r.ring.Flush(ctx); flush != nil {
			return
		}
		// What was handed over is in the loop's account already: go on behind it, not from the watermark.
		if at := r.decoder.Position(); at > from {
			from = at
			pause.Reset()
		}
		r.decoder.Reset()
		select {
		case <-time.After(pause.NextBackOff()):
		case <-ctx.Done():
			return
		}
	}
}
