package stdin

import (
	"context"
	"io"
)

// chunk is the most that is read of the input at once.
const chunk = 64 << 10

// piece is what one read gave.
type piece struct {
	bytes []byte
	err   error
}

// pumped is an input whose reads end with a context, although those of the real one do not.
type pumped struct {
	ctx    context.Context //nolint:containedctx // io.Reader has none, and this one is made for a single run
	pieces <-chan piece
	free   chan<- []byte
	whole  []byte // the piece's buffer
	rest   []byte // of it, not read yet
	err    error
}

// pump starts the goroutine that reads in. It has one buffer: nothing is read before the piece before was taken.
func pump(ctx context.Context, in io.Reader) *pumped {
	pieces, free := make(chan piece), make(chan []byte, 1)
	free <- make([]byte, chunk)
	go func() {
		for {
			var buffer []byte
			select {
			case buffer = <-free:
			case <-ctx.Done():
				return
			}
			n, err := in.Read(buffer[:cap(buffer)])
			select {
			case pieces <- piece{buffer[:n], err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return &pumped{ctx: ctx, pieces: pieces, free: free}
}

// Read implements [io.Reader].
func (p *pumped) Read(b []byte) (int, error) {
	for len(p.rest) == 0 {
		if p.err != nil {
			return 0, p.err
		}
		if p.whole != nil {
			p.free <- p.whole
			p.whole = nil
		}
		select {
		case next := <-p.pieces:
			p.whole, p.rest, p.err = next.bytes, next.bytes, next.err
		case <-p.ctx.Done():
			return 0, p.ctx.Err()
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}
