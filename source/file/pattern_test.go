package file

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/source/sourcetest"
)

// wheel runs lanes as the engine does: it settles at once what they hand over, and keeps their places.
type wheel struct {
	t     *testing.T
	p     *Pattern
	arena *arena.Arena

	mu     sync.Mutex
	places map[string]place
	runs   map[string]*running
	got    []string // "lane: payload"
	begun  []string
	most   int // lanes at a time
	warned []string
	busy   map[string]bool
	closed bool
}

type place struct {
	incarnation string
	position    uint64
}

type running struct {
	lane source.Lane
	stop context.CancelFunc
	done chan struct{}
}

// start begins to read a pattern. It ends with the test.
func start(t *testing.T, o Options, places map[string]place, busy ...string) *wheel {
	t.Helper()
	o.Name = "in"
	a, err := arena.New(arena.Options{Name: "test", Size: 16 << 20, MaxMessage: 256 << 10})
	if err != nil {
		t.Fatal(err)
	}
	w := &wheel{t: t, p: NewPattern(o), arena: a, places: places, runs: map[string]*running{}, busy: map[string]bool{}}
	for _, name := range busy {
		w.busy[name] = true
	}
	if _, err := w.p.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.p.Join(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	return w
}

func (w *wheel) close() {
	if w.closed {
		return
	}
	w.closed = true
	if err := w.p.Close(); err != nil {
		w.t.Error(err)
	}
	w.mu.Lock()
	all := slices.Collect(maps.Values(w.runs))
	w.mu.Unlock()
	for _, r := range all {
		w.End(context.Background(), r.lane)
	}
	if err := w.arena.Close(); err != nil {
		w.t.Error(err)
	}
}

// Begin implements [source.Host].
func (w *wheel) Begin(_ context.Context, l source.Lane) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	name := l.ID().Lane
	at := w.places[name]
	id, from := source.Resume(l, at.incarnation, at.position)
	space, err := w.arena.Lane(name)
	if err != nil {
		return err
	}
	d, err := decode.New(decode.Config{MaxMessage: 256<<10 - decode.Spare}, space, &id, &taker{w, l, id.Incarnation}, time.Now)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{l, cancel, make(chan struct{})}
	if w.runs[name] != nil {
		w.t.Errorf("%s began twice", name)
	}
	w.runs[name] = r
	w.begun = append(w.begun, name)
	w.most = max(w.most, len(w.runs))
	go func() {
		defer close(r.done)
		defer space.Close()
		if err := l.Read(ctx, from, d); err != nil && ctx.Err() == nil {
			w.t.Errorf("%s: %v", name, err)
		}
	}()
	return nil
}

// End implements [source.Host].
func (w *wheel) End(_ context.Context, l source.Lane) {
	w.mu.Lock()
	r := w.runs[l.ID().Lane]
	delete(w.runs, l.ID().Lane)
	w.mu.Unlock()
	r.stop()
	<-r.done
}

// Warn implements [source.Host].
func (w *wheel) Warn(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.warned = append(w.warned, err.Error())
}

// Quiet implements [source.Keeper].
func (w *wheel) Quiet(l source.Lane) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.busy[l.ID().Lane]
}

// Rename implements [source.Keeper].
func (w *wheel) Rename(_ context.Context, names map[string]string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := maps.Clone(w.places)
	for to, from := range names {
		if w.runs[to] != nil || w.runs[from] != nil {
			w.t.Errorf("%s was renamed to %s while one runs", from, to)
		}
		w.places[to] = before[from]
	}
	return nil
}

// taker is the loop of a lane.
type taker struct {
	w           *wheel
	lane        source.Lane
	incarnation string
}

// Frame implements [decode.Out].
func (k *taker) Frame(_ context.Context, f decode.Frame) error {
	v, err := k.w.arena.View(f.Ref)
	if err != nil {
		return err
	}
	name := k.lane.ID().Lane
	k.w.mu.Lock()
	k.w.got = append(k.w.got, fmt.Sprintf("%s: %s", name, v.Payload()))
	k.w.places[name] = place{k.incarnation, f.Next}
	k.w.mu.Unlock()
	if err := k.w.arena.Release(f.Ref); err != nil {
		return err
	}
	k.lane.Settled(f.Next)
	return nil
}

// Flush implements [decode.Out].
func (k *taker) Flush(ctx context.Context) error { return ctx.Err() }

func (w *wheel) lines() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(slices.Values(w.got))
}

// want fails unless exactly these lines came, each once.
func (w *wheel) want(lines ...string) {
	w.t.Helper()
	slices.Sort(lines)
	if got := w.lines(); !slices.Equal(got, lines) {
		w.t.Fatalf("got %q\nwant %q", got, lines)
	}
}

// looks lets the bubble's time pass until the directory was looked at, twice.
func looks() {
	time.Sleep(2*scan + 2*poll)
	synctest.Wait()
}

// single is a pattern that matches one file, as a source with that lane.
type single struct{ p *Pattern }

func (s single) Open(context.Context) ([]source.Lane, error) {
	m, _, err := s.p.lane("in.log")
	if err != nil {
		return nil, err
	}
	m.wake = func() {}
	return []source.Lane{m}, nil
}

func (s single) Close() error { return s.p.Close() }

func TestPatternConformance(t *testing.T) {
	for name, follow := range map[string]bool{"once": false, "follow": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "in.log"), []byte("one\ntwo\n\nthree\nfour\n"))
			sourcetest.Run(t, sourcetest.Kit{
				Want: []string{"one", "two", "three", "four"},
				Open: func(*testing.T) source.Source {
					return single{NewPattern(Options{Name: "in", Path: filepath.Join(dir, "*.log"), Follow: follow})}
				},
			})
		})
	}
}

// TestPattern reads more files than there are lanes, each to its end and once, and then has an end.
func TestPattern(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		var want []string
		for i := range 20 {
			name := fmt.Sprintf("web%d/x%02d.log", i%2, i)
			if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
				t.Fatal(err)
			}
			data := fmt.Appendf(nil, "%d a\n%d b\n\n", i, i) // the empty line is no message
			want = append(want, fmt.Sprintf("%s: %d a", name, i), fmt.Sprintf("%s: %d b", name, i))
			switch i % 3 {
			case 1:
				data = pack(t, data)
			case 2:
				data = zpack(t, data)
			}
			write(t, filepath.Join(dir, filepath.FromSlash(name)), data)
		}
		write(t, filepath.Join(dir, "web0", "empty.log"), nil)
		write(t, filepath.Join(dir, "web0", "other.txt"), []byte("no\n"))
		places := map[string]place{}
		o := Options{Path: filepath.Join(dir, "web*", "*.log"), Lanes: 3}
		w := start(t, o, places)
		looks()
		w.want(want...)
		if !w.p.Ended() || w.most != 3 || len(w.runs) != 0 {
			t.Errorf("ended %v, %d lanes at a time, %d left", w.p.Ended(), w.most, len(w.runs))
		}
		w.close()
		again := start(t, o, places)
		looks()
		again.want()
		if !again.p.Ended() {
			t.Error("the second run has no end")
		}
		again.close()
	})
}

// TestPatternBusy: a lane of which something is parked keeps its place.
func TestPatternBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		for _, name := range []string{"a", "b"} {
			write(t, filepath.Join(dir, name+".log"), []byte(name+"\n"))
		}
		w := start(t, Options{Path: filepath.Join(dir, "*.log"), Lanes: 1}, map[string]place{}, "a.log")
		looks()
		w.want("a.log: a")
		if w.p.Ended() {
			t.Error("it ended")
		}
		w.mu.Lock()
		w.busy["a.log"] = false
		w.mu.Unlock()
		looks()
		w.want("a.log: a", "b.log: b")
	})
}

// TestPatternFollow: files that come become lanes, more of them than there is room for take turns, and none is read
// twice.
func TestPatternFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		path := func(i int) string { return filepath.Join(dir, fmt.Sprintf("%d.log", i)) }
		w := start(t, Options{Path: filepath.Join(dir, "*.log"), Follow: true, Lanes: 2}, map[string]place{})
		looks()
		w.want()
		var want []string
		for i := range 5 {
			write(t, path(i), fmt.Appendf(nil, "first of %d\n", i))
			want = append(want, fmt.Sprintf("%d.log: first of %d", i, i))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		w.want(want...)
		for round := range 3 {
			for i := range 5 {
				grow(t, path(i), fmt.Sprintf("round %d\n", round))
				want = append(want, fmt.Sprintf("%d.log: round %d", i, round))
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			w.want(want...)
		}
		if w.most != 2 || w.p.Ended() {
			t.Errorf("%d lanes at a time, ended %v", w.most, w.p.Ended())
		}
	})
}

// TestPatternRotation: logs that are renamed within the pattern, in a chain, are not read again, and nothing of them is
// lost.
func TestPatternRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "app.log")
		write(t, path, []byte("zero\n"))
		places := map[string]place{}
		w := start(t, Options{Path: filepath.Join(dir, "app.log*"), Follow: true, Lanes: 3}, places)
		want := []string{"app.log: zero"}
		looks()
		for round := range 4 {
			w.want(want...)
			for i := 3; i > 0; i-- {
				if err := os.Rename(fmt.Sprintf("%s.%d", path, i), fmt.Sprintf("%s.%d", path, i+1)); err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
			}
			if err := os.Rename(path, path+".1"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			grow(t, path+".1", fmt.Sprintf("late %d\n", round)) // the writer has it open still
			write(t, path, fmt.Appendf(nil, "begin %d\n", round))
			want = append(want, fmt.Sprintf("app.log: late %d", round), fmt.Sprintf("app.log: begin %d", round))
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		w.want(want...)
		if len(w.warned) > 0 {
			t.Errorf("warned %q", w.warned)
		}
		grow(t, path+".2", "much later\n")
		looks()
		time.Sleep(time.Minute)
		synctest.Wait()
		w.want(append(want, "app.log.2: much later")...)
	})
}

// TestPatternCopyTruncate: a file that was copied away and cut begins again at 0, as another incarnation.
func TestPatternCopyTruncate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "app.log")
		write(t, path, []byte("head\none\n"))
		places := map[string]place{}
		w := start(t, Options{Path: filepath.Join(dir, "*.log"), Follow: true}, places)
		looks()
		w.want("app.log: head", "app.log: one")
		first := places["app.log"].incarnation
		write(t, path, []byte("head\n"))
		time.Sleep(time.Minute)
		synctest.Wait()
		w.want("app.log: head", "app.log: one", "app.log: head")
		if now := places["app.log"]; now.incarnation != first+"~2" || now.position != 5 {
			t.Errorf("it is %+v, was %s", now, first)
		}
	})
}

// TestPatternRemoved: a file that is gone makes room, when it was read to its end.
func TestPatternRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		a, b := filepath.Join(dir, "a.log"), filepath.Join(dir, "b.log")
		write(t, a, []byte("a\nunfinished"))
		w := start(t, Options{Path: filepath.Join(dir, "*.log"), Follow: true, Lanes: 1}, map[string]place{})
		looks()
		if err := os.Remove(a); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		w.want("a.log: a", "a.log: unfinished")
		if len(w.runs) != 0 {
			t.Errorf("%d lanes", len(w.runs))
		}
		write(t, b, []byte("b\n"))
		looks()
		w.want("a.log: a", "a.log: unfinished", "b.log: b")
	})
}

func TestPatternErrors(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.gz"), pack(t, []byte("x\n"))[:12])
	for _, c := range []struct{ path, want string }{
		{filepath.Join(dir, "*.log"), "no file matches"},
		{filepath.Join(dir, "no", "*.log"), "does not exist"},
		{filepath.Join(dir, "**", "x"), "** matches no deeper than *"},
		{filepath.Join(dir, "*.gz"), "a.gz is damaged gzip: it ends in the middle"},
	} {
		if _, err := NewPattern(Options{Name: "in", Path: c.path}).Open(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.path, err)
		}
	}
	if _, err := NewPattern(Options{Name: "in", Path: filepath.Join(dir, "*.log"), Follow: true}).Open(t.Context()); err != nil {
		t.Errorf("follow: %v", err)
	}
}
