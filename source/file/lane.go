package file

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync/atomic"
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
	moved  string // where the content is now, if it is not under path: see Earlier
	follow bool
	alone  bool          // a file without its name is over, although no other has it
	wait   time.Duration // Options.RotateWait
	id     pelton.LaneID
	progress
}

// progress is what is known of a Read that goes on.
type progress struct {
	at   atomic.Uint64               // everything before was handed over
	info atomic.Pointer[os.FileInfo] // of the file at its last look
	idle atomic.Int64                // Unix nanoseconds since which nothing was added
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
	c, err := open(l.where())
	if err != nil {
		return 0
	}
	defer c.Close() //nolint:errcheck // it was only read
	info, err := c.file.Stat()
	if err != nil || c.pack != plain {
		return 0
	}
	return uint64(info.Size())
}

// Renewed reports whether the file is shorter than position.
func (l *lane) Renewed(position uint64) bool {
	c, err := open(l.where())
	if err != nil {
		return false // Read will say why
	}
	defer c.Close() //nolint:errcheck // it was only read
	_, short, err := c.at(position)
	return err == nil && short
}

// Read reads the file from position from to its end, or on and on when it is followed.
func (l *lane) Read(ctx context.Context, from uint64, d *decode.Decoder) error {
	c, err := open(l.where())
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
	if err := l.pass(ctx, c, from, d.Stream); err != nil {
		return err
	}
	info, err := c.file.Stat()
	if err != nil {
		return explain(l.path, err)
	}
	l.note(d, info)
	return nil
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
	var last os.FileInfo
	quiet := time.Now() // nothing was added since, and the name is another file's, or nobody's
	for {
		info, err := c.file.Stat()
		if err != nil {
			return explain(l.path, err)
		}
		if last == nil || info.Size() != last.Size() || !info.ModTime().Equal(last.ModTime()) {
			if err := l.same(c); err != nil {
				return err
			}
			if err := l.pass(ctx, c, from, d.Tail); err != nil {
				return err
			}
			last, quiet, from = info, time.Now(), d.Position()
			l.note(d, info)
		}
		named, other := l.replaced(info)
		if named {
			quiet = time.Now()
		}
		// Whoever writes may do so to the old file for a while. Then its last line is one even without a newline.
		if time.Since(quiet) >= l.wait && (other || l.alone) {
			if err := l.pass(ctx, c, from, d.Stream); err != nil {
				return err
			}
			l.note(d, info)
			return fmt.Errorf("file %s is another file now: %w", l.path, source.ErrRenewed)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// note tells others how far a Read came.
func (l *lane) note(d *decode.Decoder, info os.FileInfo) {
	l.at.Store(max(l.at.Load(), d.Handed()))
	l.info.Store(&info)
	l.idle.Store(time.Now().UnixNano())
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

// replaced reports whether the open file has its name still, or another file has it. Neither is a rotation that is not
// over, or a file that was removed.
func (l *lane) replaced(open os.FileInfo) (named, other bool) {
	found, err := os.Stat(l.path)
	if err != nil {
		return false, false
	}
	named = os.SameFile(found, open)
	return named, !named
}
