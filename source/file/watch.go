package file

import (
	"context"
	"errors"
	"maps"
	"os"
	"time"

	"github.com/peltonhq/pelton/source"
)

const (
	scan = time.Second     // how often a followed pattern is looked at
	rest = 2 * time.Second // a followed file that is read to its end for so long makes room for one that waits
)

// watcher begins and ends the lanes of a pattern on one goroutine.
type watcher struct {
	p      *Pattern
	host   source.Host
	keeper source.Keeper
	wake   chan struct{}

	open    map[string]*member
	seen    map[string]os.FileInfo // content that was read to its end, by the name it had
	waiting []string               // names that are to be begun
	told    map[string]string      // by name: the last trouble
	scanned time.Time
}

func newWatcher(p *Pattern, h source.Host, k source.Keeper) *watcher {
	return &watcher{
		p: p, host: h, keeper: k, wake: make(chan struct{}, 1),
		open: map[string]*member{}, seen: map[string]os.FileInfo{}, told: map[string]string{},
	}
}

// run goes on until ctx ends, or every file of a pattern that is not followed was read.
func (w *watcher) run(ctx context.Context) {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		if w.step(ctx) {
			w.p.finish.Store(true)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-w.wake:
		}
	}
}

func (w *watcher) step(ctx context.Context) (finished bool) {
	w.reap(ctx)
	if w.p.o.Follow && time.Since(w.scanned) >= scan || w.scanned.IsZero() {
		w.scanned = time.Now()
		w.look(ctx)
	}
	var again []string
	for len(w.waiting) > 0 && ctx.Err() == nil {
		if len(w.open) >= w.p.o.Lanes && !w.makeRoom(ctx) {
			break
		}
		name := w.waiting[0]
		w.waiting = w.waiting[1:]
		if !w.begin(ctx, name) {
			again = append(again, name)
		}
	}
	w.waiting = append(w.waiting, again...)
	return !w.p.o.Follow && len(w.open) == 0 && len(w.waiting) == 0 && ctx.Err() == nil
}

// reap ends the lanes whose files are over and settled.
func (w *watcher) reap(ctx context.Context) {
	for name, m := range w.open {
		if m.over.Load() && m.done() && w.keeper.Quiet(m) {
			w.end(ctx, name, m)
		}
	}
}

// makeRoom ends the followed lane that had nothing to read for the longest time, if it was long.
func (w *watcher) makeRoom(ctx context.Context) bool {
	least, oldest := time.Now().Add(-rest), ""
	for name, m := range w.open {
		if since, ok := m.quiet(); ok && since.Before(least) && m.done() && w.keeper.Quiet(m) {
			least, oldest = since, name
		}
	}
	if oldest == "" || !w.p.o.Follow {
		return false
	}
	w.end(ctx, oldest, w.open[oldest])
	return true
}

// end ends a lane and remembers what it had read.
func (w *watcher) end(ctx context.Context, name string, m *member) {
	w.host.End(ctx, m)
	delete(w.open, name)
	if info := m.info.Load(); info != nil {
		w.seen[name] = *info
	}
}

// look finds the files that there are to read, and what was renamed among them.
func (w *watcher) look(ctx context.Context) {
	names, err := w.p.list()
	if err != nil {
		w.trouble(w.p.o.Path, err)
		return
	}
	w.trouble(w.p.o.Path, nil)
	now := map[string]os.FileInfo{}
	for _, name := range names {
		if info, err := os.Stat(w.p.path(name)); err == nil {
			now[name] = info
		}
	}
	if err := w.follow(ctx, now); err != nil {
		w.trouble(w.p.o.Path, err)
		return
	}
	w.waiting = nil
	for _, name := range names {
		if info := now[name]; info != nil && info.Size() > 0 && w.open[name] == nil && !w.read(name, info) {
			w.waiting = append(w.waiting, name)
		}
	}
	for name := range w.seen {
		if now[name] == nil {
			delete(w.seen, name)
		}
	}
}

// read reports whether this is content that was read, or is being read, whatever its name is.
func (w *watcher) read(name string, info os.FileInfo) bool {
	if was := w.seen[name]; was != nil && os.SameFile(was, info) && was.Size() == info.Size() && was.ModTime().Equal(info.ModTime()) {
		return true
	}
	for _, m := range w.open {
		if os.SameFile(m.opened, info) {
			return true
		}
	}
	return false
}

// follow finds files that were read to their end under another name, which is another file's now or nobody's: they go on
// from there under the new one.
func (w *watcher) follow(ctx context.Context, now map[string]os.FileInfo) error {
	moved := map[string]string{}
	for to, info := range now {
		if was := w.seen[to]; w.open[to] != nil || was != nil && os.SameFile(was, info) {
			continue
		}
		for from, was := range w.seen {
			if from != to && w.open[from] == nil && os.SameFile(was, info) && (now[from] == nil || !os.SameFile(now[from], was)) {
				moved[to] = from
			}
		}
	}
	if len(moved) == 0 {
		return nil
	}
	if err := w.keeper.Rename(ctx, moved); err != nil {
		return err
	}
	fresh := map[string]os.FileInfo{}
	for to, from := range moved {
		fresh[to] = w.seen[from]
	}
	for _, from := range moved {
		delete(w.seen, from)
	}
	maps.Copy(w.seen, fresh)
	return nil
}

// begin begins the lane of a file; false is for what is tried again. One that is gone, or has no first line yet, is for
// the next look.
func (w *watcher) begin(ctx context.Context, name string) bool {
	m, info, err := w.p.lane(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return true
	case err != nil:
		w.trouble(name, err)
		return false
	case m.id.Incarnation == empty:
		return true
	}
	w.trouble(name, nil)
	m.opened = info
	m.wake = func() {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
	if w.host.Begin(ctx, m) == nil {
		w.open[name] = m
	}
	return true
}

// trouble reports what is tried again, once for each text.
func (w *watcher) trouble(name string, err error) {
	if err == nil {
		delete(w.told, name)
		return
	}
	if w.told[name] != err.Error() {
		w.told[name] = err.Error()
		w.host.Warn(err)
	}
}
