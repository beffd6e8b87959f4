package decode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/peltonhq/pelton/arena"
)

// mark is the byte order mark that some programs put in front of UTF-8.
var mark = []byte("\xEF\xBB\xBF")

// Stream reads r to its end, cuts it into frames and hands them over. position is where in the input r stands; the
// input must be at the start of a frame. A last line without newline is a frame. For CSV the header is the first
// record of position 0; from any other position it must have been given to Header.
//
// It returns nil at the end of r, else r's error, ctx's, the arena's, or an ErrHeader. Position then tells how far it
// came, and calling again from there loses and repeats nothing.
func (d *Decoder) Stream(ctx context.Context, r io.Reader, position uint64) error {
	return d.stream(ctx, r, position, false)
}

// Tail is Stream for an input that may still grow: an unfinished frame at the end is left for the next call, which
// goes on from Position.
func (d *Decoder) Tail(ctx context.Context, r io.Reader, position uint64) error {
	return d.stream(ctx, r, position, true)
}

// NeedsHeader reports whether Header must be called before a Stream from a position other than 0.
func (d *Decoder) NeedsHeader() bool { return d.format.table != nil && d.format.table.columns == 0 }

// Header reads the header of a CSV input from its very start, and no further than needed plus a buffer.
func (d *Decoder) Header(r io.Reader) error {
	if !d.NeedsHeader() {
		return nil
	}
	cut := cutter{framing: Records, table: newTable(nil)}
	cut.begin()
	var record []byte
	chunk := make([]byte, minRead)
	for {
		n, err := r.Read(chunk)
		record = append(record, chunk[:n]...)
		if cut.seen == 0 {
			if err == nil && len(record) < len(mark) && bytes.HasPrefix(mark, record) {
				continue
			}
			record = bytes.TrimPrefix(record, mark)
		}
		end := cut.end(record)
		for end >= 0 && len(trim(record[:end])) == 0 { // empty lines before it
			record = record[end:]
			cut.begin()
			end = cut.end(record)
		}
		switch {
		case end >= 0:
			return d.format.table.header(trim(record[:end]))
		case errors.Is(err, io.EOF):
			return d.format.table.header(trim(record))
		case err != nil:
			return fmt.Errorf("read csv header: %w", err)
		case len(record) > d.max:
			return fmt.Errorf("%w is longer than max_message (%d bytes)", ErrHeader, d.max)
		}
	}
}

func (d *Decoder) stream(ctx context.Context, r io.Reader, position uint64, hold bool) error {
	if position > 0 && d.NeedsHeader() {
		return fmt.Errorf("%w is not known at position %d: it is at the start of the input", ErrHeader, position)
	}
	defer d.Reset()
	if position == 0 && d.format.table != nil {
		d.format.table.columns = 0 // what is at position 0 now may be another input
	}
	d.at, d.skip = position, nil
	d.cut.begin()
	for {
		n, err := d.read(ctx, r)
		if n > 0 {
			if err := d.frames(ctx); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return d.finish(ctx, hold)
		}
		if err != nil {
			return err
		}
	}
}

// read reads once, straight into the block.
func (d *Decoder) read(ctx context.Context, r io.Reader) (int, error) {
	err := d.room(ctx)
	if errors.Is(err, arena.ErrTooLarge) && d.window.have() > 0 {
		// The arena has no run for a frame of MaxMessage: its limit is the lower one.
		d.skipFrame()
		err = d.room(ctx)
	}
	if err != nil {
		return 0, err
	}
	if err := d.flush(ctx); err != nil {
		return 0, err
	}
	w := &d.window
	for range 100 {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n, err := r.Read(w.buf[w.end:w.limit])
		w.end += n
		if n > 0 || err != nil {
			d.arrived = d.now().UTC()
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// frames hands over every frame that is whole in the window.
func (d *Decoder) frames(ctx context.Context) error {
	w := &d.window
	if d.at == 0 && d.format.name != Raw && d.cut.framing != Length {
		if w.have() < len(mark) && bytes.HasPrefix(mark, w.pending()) {
			return nil
		}
		if bytes.HasPrefix(w.pending(), mark) {
			d.advance(len(mark))
		}
	}
	for w.have() > 0 {
		if d.skip != nil {
			if err := d.skipOn(ctx); err != nil {
				return err
			}
			continue
		}
		n := d.cut.end(w.pending())
		if n < 0 {
			if d.cut.over(w.have(), d.max) {
				d.skipFrame()
			}
			return nil
		}
		if err := d.frame(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// finish deals with the end of the input inside a frame.
func (d *Decoder) finish(ctx context.Context, hold bool) error {
	n := d.window.have()
	switch {
	case hold && d.skip != nil:
		d.at, d.skip = d.skip.position, nil // its end is not known yet
	case hold:
	case d.skip != nil:
		if err := d.skipEnd(ctx); err != nil {
			return err
		}
	case n == 0:
	case d.cut.framing == Length:
		if err := d.truncated(ctx); err != nil {
			return err
		}
	default:
		if d.cut.table != nil {
			d.cut.table.last(d.window.pending())
		}
		if err := d.frame(ctx, n); err != nil {
			return err
		}
	}
	return d.flush(ctx)
}

// advance goes on behind the first n pending bytes.
func (d *Decoder) advance(n int) {
	d.window.start += n
	d.at += uint64(n)
}
