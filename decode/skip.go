package decode

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
)

// skip is a frame over MaxMessage on its way past: hashed, counted, and but for its beginning not kept.
type skip struct {
	position uint64 // of its start
	bad      Bad
	hash     hash.Hash
	prefix   int  // bytes of its length that are still to come
	cr       bool // a "\r" that may be part of the terminator
}

// skipFrame starts to skip the frame that is pending.
func (d *Decoder) skipFrame() {
	d.skip = &skip{position: d.at, hash: sha256.New()}
	if d.cut.framing == Length {
		d.skip.prefix = prefix
	}
	d.skip.write(d.window.pending(), d.cut.framing)
	d.drop(d.window.have())
}

// drop forgets the first n pending bytes; their room is used again.
func (d *Decoder) drop(n int) {
	d.cut.drop(n)
	d.at += uint64(n)
	w := &d.window
	w.end = w.start + copy(w.pending(), w.buf[w.start+n:w.end])
}

// skipOn skips what is pending of the frame.
func (d *Decoder) skipOn(ctx context.Context) error {
	w := &d.window
	n := d.cut.end(w.pending())
	if n < 0 {
		d.skip.write(w.pending(), d.cut.framing)
		d.drop(w.have())
		return nil
	}
	body := w.pending()[:n]
	if d.cut.framing != Length {
		body = bytes.TrimSuffix(body, []byte{'\n'})
	}
	d.skip.write(body, d.cut.framing)
	d.advance(n)
	d.cut.begin()
	return d.skipEnd(ctx)
}

// skipEnd hands the skipped frame over; its end is at d.at.
func (d *Decoder) skipEnd(ctx context.Context) error {
	s := d.skip
	d.skip = nil
	d.cut.begin()
	bad := &s.bad
	bad.SHA256 = hex.EncodeToString(s.hash.Sum(nil))
	bad.Reason = d.tooLarge(bad.Length)
	if d.cut.framing == Length && s.prefix == 0 && d.cut.need > 0 {
		bad.Reason += "; the input ends inside it"
	}
	d.tally.Bad.TooLarge++
	return d.hand(ctx, Frame{Position: s.position, Next: d.at, Bad: bad})
}

func (d *Decoder) tooLarge(length int64) string {
	return fmt.Sprintf("too large: %d bytes, max_message is %d", length, d.max)
}

func (s *skip) write(b []byte, framing Framing) {
	n := min(s.prefix, len(b))
	s.prefix -= n
	if b = b[n:]; len(b) == 0 {
		return
	}
	if s.cr {
		s.cr = false
		s.add([]byte{'\r'})
	}
	if (framing == Lines || framing == Records) && b[len(b)-1] == '\r' {
		s.cr = true
		b = b[:len(b)-1]
	}
	s.add(b)
}

func (s *skip) add(b []byte) {
	s.bad.Length += int64(len(b))
	s.bad.Payload = append(s.bad.Payload, b[:min(len(b), keep-len(s.bad.Payload))]...)
	s.hash.Write(b)
}
