package file

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/sink"
	"github.com/peltonhq/pelton/sink/sinktest"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	child()
	goleak.VerifyTestMain(m)
}

var (
	errDisk  = errors.New("no space left, says a test")
	errCrash = errors.New("killed by a test")
)

// place is a file with a store that survives crashes.
type place struct {
	t       *testing.T
	path    string
	disk    *memory.Disk
	store   *memory.Store // nil until the first open
	faults  faults
	crashed bool
	rotate  Rotate
	rename  func(from, to string) error                       // once; nil is os.Rename
	answer  atomic.Pointer[func(records []store.Record) bool] // whether this durable append is not answered any more
}

// faults are what the next calls of the disk do instead, once each.
type faults struct {
	write    func(b []byte, offset int64) (int, error)
	sync     func() error
	truncate func() error
}

func newPlace(t *testing.T) *place {
	return &place{t: t, path: filepath.Join(t.TempDir(), "out.jsonl"), disk: memory.NewDisk()}
}

// open is a restart: what is not durable in the store is lost.
func (p *place) open() (sink.Sink, error) {
	p.restart()
	s, err := Open(Options{Name: "out", Path: p.path, Store: unanswered{p.store, p}, Rotate: p.rotate, wrap: p.wrap, rename: p.renamed})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (p *place) wrap(d disk) disk {
	info, err := d.Stat()
	if err != nil {
		p.t.Fatal(err)
	}
	return &faulty{disk: d, p: p, synced: info.Size()}
}

func (p *place) restart() {
	p.t.Helper()
	if p.store != nil {
		p.store.Crash()
	}
	s, err := p.disk.Open()
	if err != nil {
		p.t.Fatal(err)
	}
	p.store, p.crashed, p.faults = s, false, faults{}
	p.answer.Store(nil)
	p.t.Cleanup(func() { _ = s.Close() }) // an error: it crashed
}

func (p *place) renamed(from, to string) error {
	if p.crashed {
		return errCrash
	}
	if rename := p.rename; rename != nil {
		p.rename = nil
		return rename(from, to)
	}
	return os.Rename(from, to)
}

// lines are those of the files that were put aside, in their order, and of the one in use.
func (p *place) lines() []string {
	all, err := filepath.Glob(strings.TrimSuffix(p.path, filepath.Ext(p.path)) + "-??????" + filepath.Ext(p.path))
	if err != nil {
		p.t.Fatal(err)
	}
	slices.Sort(all)
	var text []byte
	for _, path := range append(all, p.path) {
		part, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			p.t.Fatal(err)
		}
		text = append(text, part...)
	}
	if len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

func (p *place) durable(e *pelton.Effect) bool {
	_, err := p.store.Get(e.Mark)
	return err == nil
}

// faulty is a disk with faults. After a crash it does nothing any more.
type faulty struct {
	disk
	p      *place
	synced int64 // bytes that survive a power cut
}

func (f *faulty) WriteAt(b []byte, offset int64) (int, error) {
	if f.p.crashed {
		return 0, errCrash
	}
	if write := f.p.faults.write; write != nil {
		f.p.faults.write = nil
		return write(b, offset)
	}
	return f.disk.WriteAt(b, offset)
}

func (f *faulty) Sync() error {
	if f.p.crashed {
		return errCrash
	}
	if sync := f.p.faults.sync; sync != nil {
		f.p.faults.sync = nil
		return sync()
	}
	info, err := f.disk.Stat()
	if err == nil {
		f.synced = info.Size()
	}
	return errors.Join(err, f.disk.Sync())
}

func (f *faulty) Truncate(size int64) error {
	if f.p.crashed {
		return errCrash
	}
	if truncate := f.p.faults.truncate; truncate != nil {
		f.p.faults.truncate = nil
		return truncate()
	}
	return f.disk.Truncate(size)
}

// Close loses what was not synced, if there was a crash: a power cut is the worst of them.
func (f *faulty) Close() error {
	if info, err := f.disk.Stat(); f.p.crashed && err == nil && info.Size() > f.synced {
		if err := f.disk.Truncate(f.synced); err != nil {
			return err
		}
	}
	return f.disk.Close()
}

// unanswered is a store whose answers get lost.
type unanswered struct {
	*memory.Store
	p *place
}

// AppendAsync answers ErrClosed for a durable append when the test says so; the process is dead from then on.
func (u unanswered) AppendAsync(t store.Token, records []store.Record, done func(store.Pos, error)) {
	lose := u.p.answer.Load()
	u.Store.AppendAsync(t, records, func(pos store.Pos, err error) {
		if lose != nil && (*lose)(records) {
			err = store.ErrClosed
		}
		done(pos, err)
	})
}

func (p *place) crash() error {
	p.crashed = true
	p.store.Crash()
	p.store = nil
	return errCrash
}

// writes puts n(len) bytes on the disk, then fails.
func (p *place) writes(n func(int) int, fail func() error) func() {
	return func() {
		p.faults.write = func(b []byte, offset int64) (int, error) {
			f, err := os.OpenFile(p.path, os.O_WRONLY, 0)
			if err != nil {
				return 0, err
			}
			defer f.Close()
			k, err := f.WriteAt(b[:n(len(b))], offset)
			return k, errors.Join(err, fail())
		}
	}
}

func none(int) int   { return 0 }
func half(n int) int { return n / 2 }
func all(n int) int  { return n }

func (p *place) faultKit() map[string]func() {
	full := func() error { return errDisk }
	return map[string]func(){
		"nothing written":    p.writes(none, full),
		"half written":       p.writes(half, full),
		"written, not said":  p.writes(all, full),
		"fsync":              func() { p.faults.sync = full },
		"store full":         func() { p.store.FailNext(store.ErrFull) },
		"store refuses":      func() { p.store.FailNext(errDisk) },
		"written, cut fails": func() { p.writes(half, full)(); p.faults.truncate = full },
		"begun, then fsync": func() {
			p.faults.sync = func() error { p.faults.sync = full; return nil }
		},
	}
}

func (p *place) crashKit() map[string]func() {
	lose := func(which func([]store.Record) bool) func() {
		return func() {
			f := func(r []store.Record) bool {
				if which(r) {
					p.crashed = true
					return true
				}
				return false
			}
			p.answer.Store(&f)
		}
	}
	return map[string]func(){
		"before the write":      p.writes(none, p.crash),
		"half written":          p.writes(half, p.crash),
		"written, not synced":   p.writes(all, p.crash),
		"synced, not committed": func() { p.synced() },
		"any append durable":    lose(func([]store.Record) bool { return true }),
		"commit durable":        lose(func(r []store.Record) bool { return len(r) > 1 }),
	}
}

// synced crashes after the fsync of a write and before its append.
func (p *place) synced() {
	p.faults.write = func(b []byte, offset int64) (int, error) {
		p.faults.sync = func() error {
			f, err := os.OpenFile(p.path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteAt(b, offset)
			_ = p.crash()
			p.crashed = false // the bytes stay
			return err
		}
		return len(b), nil
	}
}

func TestSink(t *testing.T) {
	for name, rotate := range map[string]Rotate{"one file": {}, "rotated": {Size: 20_000}, "rotated at every write": {Size: 1}} {
		t.Run(name, func(t *testing.T) {
			sinktest.Run(t, func(t *testing.T) sinktest.Kit {
				p := newPlace(t)
				p.rotate = rotate
				return sinktest.Kit{Open: p.open, Lines: p.lines, Faults: p.faultKit(), Crashes: p.crashKit(), Durable: p.durable}
			})
		})
	}
}

// effects are lines with marks.
func effects(payloads ...string) []pelton.Effect {
	var list []pelton.Effect
	for _, payload := range payloads {
		list = append(list, pelton.Effect{Payload: []byte(payload), Mark: store.Key(store.SpaceMark, "test", payload)})
	}
	return list
}

func write(t *testing.T, s sink.Sink, payloads ...string) {
	t.Helper()
	for e := range slices.Values(effects(payloads...)) {
		if err := s.Write(t.Context(), []pelton.Effect{e}); err != nil {
			t.Fatal(err)
		}
	}
}
