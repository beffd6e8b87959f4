package file

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
)

// poll is how often a followed file is looked at.
const poll = 100 * time.Millisecond

// lane is the file as a series of frames.
type lane struct {
	path   string
	follow bool
	id     pelton.LaneID
}

var (
	_ source.Lane    = (*lane)(nil)
	_ source.Sized   = (*lane)(nil)
	_ source.Renewer = (*lane)(nil)
)

func (l *lane) ID() pelton.LaneID { return l.id }

// Endless reports whether the file is followed.
func (l *lane) Endless() bool { return l.follow }

// Settled does nothing: the file stays as it is.
func (l *lane) Settled(uint64) {}

// Size is the file's size; 0 when it is not known, as with gzip.
func (l *lane) Size() uint64 {
	c, err := open(l.path)
	if err != nil {
		return 0
	}
	defer c.Close() //nolint:errcheck // it was only read
	info, err := c.file.Stat()
	if err != nil || c.gzip {
		return 0
	}
	return uint64(info.Size())
}

// Renewed reports whether the file is shorter than position.
func (l *lane) Renewed(position uint64) bool {
	c, err := open(l.path)
	if err != nil {
		return false // Read will say why
	}
	defer c.Close() //nolint:errcheck // it was only read
	_, short, err := c.at(position)
	return err == nil && short
}

// Read reads the file from position from to its end, or on and on when it is followed.
func (l *lane) Read(ctx context.Context, from uint64, d *decode.Decoder) error {
	c, err := open(l.path)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // it was only read
	if err := l.same(c); err != nil {
		return err
	}
	if from > 0 && d.NeedsHeader() {
		r, _, err := c.at(0)
		if err != nil {
			return err
		}
		if err := d.Header(r); err != nil {
			return fmt.Errorf("file %s: %w", l.path, err)
		}
	}
	if l.follow {
		return l.tail(ctx, c, from, d)
	}
	return l.pass(ctx, c, from, d.Stream)
}

// pass reads once to the end of the file.
func (l *lane) pass(ctx context.Context, c *content, from uint64, read func(context.Context, io.Reader, uint64) error) error {
	r, short, err := c.at(from)
	if err != nil {
		return err
	}
	if short {
		return fmt.Errorf("file %s is shorter than position %d: %w", l.path, from, source.ErrRenewed)
	}
	if err := read(ctx, r, from); err != nil {
		return fmt.Errorf("file %s: %w", l.path, err)
	}
	return nil
}

// tail reads to the end of the file again and again as it grows.
func (l *lane) tail(ctx context.Context, c *content, from uint64, d *decode.Decoder) error {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for size := int64(-1); ; {
		info, err := c.file.Stat()
		if err != nil {
			return explain(l.path, err)
		}
		if info.Size() != size {
			size = info.Size()
			if err := l.same(c); err != nil {
				return err
			}
			if err := l.pass(ctx, c, from, d.Tail); err != nil {
				return err
			}
			from = d.Position()
		}
		if l.replaced(info) {
			// Nothing is added to the old file any more, so its last line is one even without a newline.
			if err := l.pass(ctx, c, from, d.Stream); err != nil {
				return err
			}
			return fmt.Errorf("file %s is another file now: %w", l.path, source.ErrRenewed)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// same fails when the file's first line is not the one that gave the lane its name.
func (l *lane) same(c *content) error {
	incarnation, err := c.incarnation(l.follow)
	if err != nil {
		return err
	}
	if incarnation != l.id.Incarnation {
		return fmt.Errorf("file %s has another first line now: %w", l.path, source.ErrRenewed)
	}
	return nil
}

// replaced reports whether another file has the name. No file at all is a rotation that is not over.
func (l *lane) replaced(open os.FileInfo) bool {
	named, err := os.Stat(l.path)
	return err == nil && !os.SameFile(named, open)
}
