package decode

import (
	"context"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
)

// key sets the key of a frame whose payload is at offset in the pending bytes: the given one, else the key field. A
// key that is not in the payload as it stands is put at the end of the block.
func (d *Decoder) key(ctx context.Context, frame *arena.Frame, given []byte, offset int) error {
	if given != nil {
		return d.beside(ctx, frame, len(given), func(dst []byte) []byte { return append(dst, given...) })
	}
	slot := d.format.key
	if slot == none {
		return nil
	}
	f := d.all()[slot]
	at := offset + int(f.Offset)
	switch f.Kind {
	case pelton.KindString, pelton.KindNumber, pelton.KindBool:
		if f.Length == 0 && d.format.name == CSV {
			break // an empty column is CSV's null
		}
		frame.KeyOffset, frame.KeyLength, frame.HasKey = d.window.start+at, int(f.Length), true
		return nil
	case pelton.KindEscaped:
		return d.beside(ctx, frame, int(f.Length), func(dst []byte) []byte {
			return unescape(dst, d.window.pending()[at:at+int(f.Length)])
		})
	case pelton.KindQuoted:
		return d.beside(ctx, frame, int(f.Length), func(dst []byte) []byte {
			return undouble(dst, d.window.pending()[at:at+int(f.Length)], f.Kind)
		})
	case pelton.KindMissing, pelton.KindNull, pelton.KindJSON:
	}
	d.tally.NoKey++
	return nil
}

// beside puts a key of at most size bytes at the end of the block, in a new block if there is no room. fill appends
// the key to the slice it gets.
func (d *Decoder) beside(ctx context.Context, frame *arena.Frame, size int, fill func(dst []byte) []byte) error {
	w := &d.window
	if w.free() < size {
		if err := d.renew(ctx, max(d.block(), w.have()+size)); err != nil {
			return err
		}
	}
	w.limit -= size
	key := fill(w.buf[w.limit:w.limit:len(w.buf)])
	frame.KeyOffset, frame.KeyLength, frame.HasKey = w.limit, len(key), true
	return nil
}
