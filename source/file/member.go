package file

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
)

// member is the lane of one file of a pattern. It does not end by itself when its file is over: the watcher ends it when
// everything of it is settled.
type member struct {
	*lane
	opened  os.FileInfo   // of the file when the lane was begun
	over    atomic.Bool   // the file is read to its end, and is another one, gone or not followed
	settled atomic.Uint64 // everything before is, durably
	begun   bool          // the reader's: there was a Read
	wake    func()
}

var _ source.Lane = (*member)(nil)

// Settled notes how far everything is done.
func (m *member) Settled(watermark uint64) {
	for at := m.settled.Load(); watermark > at; at = m.settled.Load() {
		if m.settled.CompareAndSwap(at, watermark) {
			break
		}
	}
	if m.over.Load() {
		m.wake()
	}
}

// Read implements [source.Lane].
func (m *member) Read(ctx context.Context, from uint64, d *decode.Decoder) error {
	if !m.begun { // what a Read of before handed over is waited for
		m.begun = true
		m.at.Store(from)
		m.Settled(from)
	}
	err := m.lane.Read(ctx, from, d)
	m.at.Store(max(m.at.Load(), d.Handed()))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && !errors.Is(err, source.ErrRenewed) && !errors.Is(err, os.ErrNotExist):
		return err
	}
	m.over.Store(true)
	m.wake()
	if err == nil {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

// done reports whether everything that was read is settled.
func (m *member) done() bool { return m.settled.Load() >= m.at.Load() }

// quiet is since when nothing was added to the file; ok is false while it is not read to its end.
func (m *member) quiet() (since time.Time, ok bool) {
	return time.Unix(0, m.idle.Load()), m.info.Load() != nil
}
