package decode

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/peltonhq/pelton/arena"
)

// Message hands over a message that the source has framed already; its bytes are copied. Call Flush before waiting
// for the next one.
func (d *Decoder) Message(ctx context.Context, r Record) error {
	if d.format.table != nil {
		return fmt.Errorf("%w: a message that comes by itself has none; use decode.format json or raw", ErrHeader)
	}
	if d.arrived.IsZero() {
		d.arrived = d.now().UTC()
	}
	size := len(r.Payload)
	if size > d.max {
		d.tally.Bad.TooLarge++
		d.at = r.Next
		return d.bad(ctx, &r, r.Payload, d.tooLarge(int64(size)))
	}
	w := &d.window
	if w.block == nil || w.free() < size+len(r.Key) {
		err := d.renew(ctx, max(d.block(), size+len(r.Key)))
		if errors.Is(err, arena.ErrTooLarge) {
			d.tally.Bad.TooLarge++
			d.at = r.Next
			return d.bad(ctx, &r, r.Payload, d.tooLarge(int64(size))+" with its key")
		}
		if err != nil {
			return err
		}
	}
	w.end = w.start + copy(w.buf[w.start:w.limit], r.Payload)
	err := d.message(ctx, &r, 0, size)
	w.start = w.end
	d.at = r.Next
	return err
}

// Bad hands over input that the source found out to be no message, in its place among the others. b.Payload belongs to
// who gets it.
func (d *Decoder) Bad(ctx context.Context, r Record, b Bad) error {
	if b.Length > int64(d.max) {
		d.tally.Bad.TooLarge++
	} else {
		d.tally.Bad.Truncated++
	}
	d.at = r.Next
	return d.hand(ctx, Frame{Position: r.Position, Next: r.Next, Bad: &b})
}

// Flush makes what was handed over visible to the loop and gives the block in use back, so that a lane that waits
// holds no memory (A3).
func (d *Decoder) Flush(ctx context.Context) error {
	d.Reset()
	d.arrived = time.Time{}
	return d.out.Flush(ctx)
}
