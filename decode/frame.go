package decode

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
)

// frame hands over the frame that is the first n pending bytes.
func (d *Decoder) frame(ctx context.Context, n int) error {
	w := &d.window
	offset, length := d.cut.payload(w.pending()[:n])
	position, next := d.at, d.at+uint64(n)
	payload := w.pending()[offset : offset+length]
	var err error
	switch {
	case length == 0 && (d.cut.framing == Lines || d.cut.framing == Records):
	case d.NeedsHeader():
		err = d.format.table.header(payload)
	default:
		d.record.Position, d.record.Next = position, next
		err = d.message(ctx, &d.record, offset, length)
	}
	if err != nil {
		return err
	}
	d.advance(n)
	d.cut.begin()
	return nil
}

// message checks, indexes and commits the payload at offset in the pending bytes. The record gives everything else.
func (d *Decoder) message(ctx context.Context, r *Record, offset, length int) error {
	payload := d.window.pending()[offset : offset+length]
	if reason := d.check(payload); reason != "" {
		return d.bad(ctx, r, payload, reason)
	}
	frame := &d.lent
	frame.Length, frame.Fields, frame.Names, frame.HasKey = length, d.found(), d.format.names, false
	frame.Meta.Lane, frame.Meta.Position, frame.Meta.Next = d.id, r.Position, r.Next
	frame.Meta.Trace, frame.Meta.Headers = r.Meta.Trace, r.Meta.Headers
	frame.Meta.Time = d.time(payload, r.Meta.Time)
	if err := d.key(ctx, frame, r.Key, offset); err != nil {
		if errors.Is(err, arena.ErrTooLarge) {
			d.tally.Bad.TooLarge++
			payload = d.window.pending()[offset : offset+length]
			return d.bad(ctx, r, payload, d.tooLarge(int64(length))+" with its key")
		}
		return err
	}
	frame.Offset = d.window.start + offset
	hash := uint64(0)
	if frame.HasKey { // while the key is in this processor's caches
		hash = Hash(d.window.buf[frame.KeyOffset : frame.KeyOffset+frame.KeyLength])
	}
	ref, err := d.lane.Commit(d.window.block, frame)
	if err != nil && errors.Is(err, arena.ErrFull) {
		ref, err = d.again(ctx, frame, r.Key, offset)
	}
	if err != nil {
		return fmt.Errorf("commit frame at position %d: %w", r.Position, err)
	}
	d.tally.Frames++
	d.tally.Bytes += uint64(length)
	return d.hand(ctx, Frame{Ref: ref, Position: r.Position, Next: r.Next, Hash: hash})
}

// again commits after waiting for a slot: very many very small messages are lent.
func (d *Decoder) again(ctx context.Context, frame *arena.Frame, key []byte, offset int) (pelton.Ref, error) {
	room := frame.KeyLength + frame.Length // the key may go beside the payload once more
	if err := d.renew(ctx, max(d.block(), d.window.have()+room)); err != nil {
		return pelton.Ref{}, err
	}
	if frame.HasKey {
		if err := d.key(ctx, frame, key, offset); err != nil {
			return pelton.Ref{}, err
		}
	}
	frame.Offset = d.window.start + offset
	return d.lane.Commit(d.window.block, frame)
}

// hand gives one frame to the loop, or takes back what it did not accept.
func (d *Decoder) hand(ctx context.Context, f Frame) error {
	err := d.out.Frame(ctx, f)
	if err == nil {
		d.handed = f.Next
	} else if f.Bad == nil {
		return errors.Join(err, d.lane.Release(f.Ref))
	}
	return err
}

// check locates the fields and returns why the payload is no message, or nothing.
func (d *Decoder) check(payload []byte) string {
	f := &d.format
	switch {
	case len(payload) > d.max:
		d.tally.Bad.TooLarge++
		return d.tooLarge(int64(len(payload)))
	case f.name == Raw:
	case !utf8.Valid(payload):
		d.tally.Bad.UTF8++
		return fmt.Sprintf("not UTF-8: byte %d", invalid(payload))
	case f.name == JSON && !f.json.scan(payload):
		d.tally.Bad.JSON++
		return fmt.Sprintf("not JSON: %s at byte %d", f.json.fault.text, f.json.fault.at)
	case f.name == CSV && !f.table.check():
		d.tally.Bad.CSV++
		return "not CSV: " + f.table.reason()
	}
	return ""
}

// invalid is the index of the first byte that is not UTF-8.
func invalid(text []byte) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(text)
}

func (d *Decoder) bad(ctx context.Context, r *Record, payload []byte, reason string) error {
	bad := &Bad{Reason: reason, Length: int64(len(payload)), Payload: bytes.Clone(payload[:min(len(payload), keep)])}
	if len(payload) > keep {
		sum := sha256.Sum256(payload)
		bad.SHA256 = hex.EncodeToString(sum[:])
	}
	return d.hand(ctx, Frame{Position: r.Position, Next: r.Next, Bad: bad})
}

// truncated hands over what is there of a length-prefixed frame that the input ends in.
func (d *Decoder) truncated(ctx context.Context) error {
	part := d.window.pending()
	reason := fmt.Sprintf("truncated: the input ends after %d of the %d bytes of a length", len(part), prefix)
	if d.cut.need > 0 {
		reason = fmt.Sprintf("truncated: the input ends after %d of %d bytes", len(part)-prefix, d.cut.need-prefix)
		part = part[prefix:]
	}
	d.tally.Bad.Truncated++
	r := &Record{Position: d.at, Next: d.at + uint64(d.window.have())}
	d.advance(d.window.have())
	return d.bad(ctx, r, part, reason)
}

// all is every located field, the configured ones first.
func (d *Decoder) all() []pelton.Field {
	switch d.format.name {
	case JSON:
		return d.format.json.found
	case CSV:
		return d.format.table.found
	case Raw:
	}
	return nil
}

// found is the configured fields.
func (d *Decoder) found() []pelton.Field { return d.all()[:len(d.format.names)] }

// time is the message's own time, or else given, or else the arrival time.
func (d *Decoder) time(payload []byte, given time.Time) time.Time {
	f := &d.format
	if f.time != none {
		at := d.all()[f.time]
		text := payload[at.Offset : at.Offset+at.Length]
		switch at.Kind {
		case pelton.KindEscaped:
			f.text = unescape(f.text[:0], text)
			text = f.text
		case pelton.KindString:
		default:
			text = nil
		}
		if t, ok := f.clock.parse(text); ok {
			return t
		}
		d.tally.BadTimes++
	}
	if !given.IsZero() {
		return given.UTC()
	}
	return d.arrived
}
