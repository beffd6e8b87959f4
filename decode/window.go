package decode

import (
	"context"

	"github.com/peltonhq/pelton/arena"
)

const (
	blockSize = 64 << 10 // of a block that is asked for when nothing larger is known to be needed
	minRead   = 4 << 10  // less room than this is not worth a read
)

// Spare is by how much the MaxMessage of a lane's arena should exceed that of its decoder: room for a terminator, and
// for a key that is put beside its payload. With less, a frame that is just as large as MaxMessage may be too large.
const Spare = 4 << 10

// window is the block being filled.
//
//	buf: │ committed frames │ unfinished frame │ free │ keys │
//	     0                start               end   limit
type window struct {
	block             *arena.Block
	buf               []byte
	start, end, limit int
}

func (w *window) have() int       { return w.end - w.start }
func (w *window) free() int       { return w.limit - w.end }
func (w *window) pending() []byte { return w.buf[w.start:w.end] }

// release gives the block back; what is pending in it is gone.
func (w *window) release(lane *arena.Lane) {
	if w.block != nil {
		lane.Done(w.block)
	}
	*w = window{}
}

// renew takes a block of at least size bytes and moves what is pending to it. The block in use is given back first
// if nothing is pending: a lane's share is one largest frame and one block.
func (d *Decoder) renew(ctx context.Context, size int) error {
	// The arena may have to wait for the loop to release what it has not even seen yet.
	if err := d.flush(ctx); err != nil {
		return err
	}
	w := &d.window
	if w.have() == 0 {
		w.release(d.lane)
	}
	block, err := d.lane.Acquire(ctx, size)
	if err != nil {
		return err
	}
	next := window{block: block, buf: block.Bytes()}
	next.limit = len(next.buf)
	next.end = copy(next.buf, w.pending())
	w.release(d.lane)
	d.window = next
	return nil
}

// room makes room for the next read. A frame that fills its block gets one of twice the size, up to the largest
// frame's.
func (d *Decoder) room(ctx context.Context) error {
	w := &d.window
	most := d.max + spare
	enough := max(1, min(minRead, d.block()/2))
	if w.block != nil && (w.free() >= enough || w.free() > 0 && w.limit-w.start >= most) {
		return nil
	}
	return d.renew(ctx, min(most, max(d.block(), d.cut.want(), 2*w.have())))
}

// block is the size of a block for small frames. One of MaxMessage the arena has in any case.
func (d *Decoder) block() int { return min(blockSize, d.max) }

// flush shows the loop what was handed over, and everybody the figures.
func (d *Decoder) flush(ctx context.Context) error {
	d.publish()
	return d.out.Flush(ctx)
}
