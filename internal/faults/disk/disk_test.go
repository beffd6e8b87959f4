package disk

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"
)

// create makes a file in the root.
func (d *Disk) create(name string) *node {
	n := d.make(false)
	d.root.kids[name] = n
	return n
}

func put(t *testing.T, d *Disk, n *node, text string, at int64) {
	t.Helper()
	if errno := d.write(n, []byte(text), at); errno != 0 {
		t.Fatal(errno)
	}
}

func has(t *testing.T, d *Disk, name, want string) {
	t.Helper()
	if got := d.Read(name); got == nil || string(got) != want {
		t.Errorf("%s is %q, want %q", name, got, want)
	}
}

// TestForget: after a cut there is what was synced, content by file and name by directory.
func TestForget(t *testing.T) {
	d := New()
	a, b := d.create("a"), d.create("b")
	put(t, d, a, "one", 0)
	a.sync()
	put(t, d, b, "two", 0) // named durably, never synced
	d.root.sync()
	put(t, d, a, "ONE and more", 0)
	c := d.create("c")
	put(t, d, c, "three", 0)
	c.sync() // synced, but its name is not
	delete(d.root.kids, "b")
	d.Cut()
	d.Restore(Forget, nil)
	has(t, d, "a", "one")
	has(t, d, "b", "")
	if d.Read("c") != nil {
		t.Error("c has a name that was not synced")
	}
}

// TestRename: of a rename that was not synced the old place is left, of one that was the new.
func TestRename(t *testing.T) {
	for _, synced := range []bool{false, true} {
		d := New()
		n := d.create("new")
		put(t, d, n, "text", 0)
		n.sync()
		old := d.create("file")
		put(t, d, old, "old", 0)
		old.sync()
		d.root.sync()
		delete(d.root.kids, "new")
		d.root.kids["file"] = n
		if synced {
			d.root.sync()
		}
		d.Cut()
		d.Restore(Forget, nil)
		if synced {
			has(t, d, "file", "text")
		} else {
			has(t, d, "file", "old")
			has(t, d, "new", "text")
		}
	}
}

// TestFailedSync: what a failed sync was for is lost although later syncs succeed, as long as it is not written again.
func TestFailedSync(t *testing.T) {
	d := New()
	n := d.create("a")
	d.root.sync()
	put(t, d, n, string(bytes.Repeat([]byte("x"), 2*Page)), 0)
	n.giveUp()
	put(t, d, n, "y", Page)
	n.sync()
	d.Cut()
	d.Restore(Forget, nil)
	got := d.Read("a")
	if len(got) != 2*Page || !bytes.Equal(got[:Page], make([]byte, Page)) || got[Page] != 'y' || got[Page+1] != 'x' {
		t.Errorf("%d bytes, first of the pages %q and %q", len(got), got[0], got[Page:Page+2])
	}
}

// TestCut: nothing is done or made safe any more once the power is away, and CutAfter counts.
func TestCut(t *testing.T) {
	d := New()
	d.CutAfter(2)
	for i, want := range []syscall.Errno{0, 0, syscall.EIO, syscall.EIO} {
		errno := d.begin(Write, "a")
		if errno == 0 {
			d.mu.Unlock()
		}
		if errno != want {
			t.Errorf("operation %d: %v, want %v", i, errno, want)
		}
	}
	select {
	case <-d.Dark():
	default:
		t.Error("nobody is told of the cut")
	}
	d.Restore(Forget, nil)
	if errno := d.begin(Sync, "a"); errno != 0 {
		t.Errorf("after the cut: %v", errno)
	}
}

// TestFaults: each fault is of its operation and path alone.
func TestFaults(t *testing.T) {
	d := New()
	d.Break(Failing(Sync, ".log", syscall.EIO))
	for _, c := range []struct {
		op   Op
		path string
		want syscall.Errno
	}{{Sync, "store/1.log", syscall.EIO}, {Write, "store/1.log", 0}, {Sync, "out", 0}} {
		if got := d.done(d.begin(c.op, c.path)); got != c.want {
			t.Errorf("%v of %s: %v, want %v", c.op, c.path, got, c.want)
		}
	}
	d.Break(ReadOnly)
	if got := d.done(d.begin(Write, "out")); got != syscall.EROFS {
		t.Errorf("a write of a disk that is read-only: %v", got)
	}
	d.Break(nil)
	if wait, errno := Slow(time.Hour)(Sync, "out"); wait != time.Hour || errno != 0 {
		t.Errorf("a slow sync takes %v, %v", wait, errno)
	}
	n := d.create("a")
	d.Resize(2 * Page)
	put(t, d, n, "x", Page)
	put(t, d, n, "x", 0)
	if errno := d.write(n, []byte("x"), 2*Page); errno != syscall.ENOSPC {
		t.Errorf("a write of a full disk: %v", errno)
	}
	put(t, d, n, "y", 1) // what is there may be written over
	d.resize(n, 0)
	if d.Used() != 0 {
		t.Errorf("%d bytes are in use of an empty disk", d.Used())
	}
}

// TestModel does things at random to a disk and to plain byte slices, and compares after each cut: with Forget all of
// it, with Tear that each page is either the safe or the newest one.
func TestModel(t *testing.T) {
	for seed := range uint64(50) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			d := New()
			now, safe := map[string][]byte{}, map[string][]byte{}
			for _, name := range []string{"a", "b"} {
				d.create(name)
				now[name], safe[name] = []byte{}, []byte{}
			}
			d.root.sync()
			for range 300 {
				name := []string{"a", "b"}[rnd.IntN(2)]
				n := d.root.kids[name]
				switch rnd.IntN(8) {
				case 0:
					n.sync()
					safe[name] = bytes.Clone(now[name])
				case 1:
					size := rnd.IntN(6 * Page)
					d.resize(n, int64(size))
					now[name] = slices.Grow(now[name], size)
					for len(now[name]) < size {
						now[name] = append(now[name], 0)
					}
					now[name] = now[name][:size]
				case 2:
					loss := Loss(rnd.IntN(2))
					d.Cut()
					d.Restore(loss, rnd)
					for name := range maps.Keys(now) {
						got := d.Read(name)
						compare(t, loss, got, now[name], safe[name])
						now[name], safe[name] = got, bytes.Clone(got)
					}
				default:
					text := bytes.Repeat([]byte{byte('a' + rnd.IntN(26))}, 1+rnd.IntN(2*Page))
					at := rnd.IntN(4 * Page)
					put(t, d, n, string(text), int64(at))
					for len(now[name]) < at+len(text) {
						now[name] = append(now[name], 0)
					}
					copy(now[name][at:], text)
				}
				if got := d.Read(name); !bytes.Equal(got, now[name]) {
					t.Fatalf("%s has %d bytes and is not what was written, %d bytes", name, len(got), len(now[name]))
				}
			}
		})
	}
}

func compare(t *testing.T, loss Loss, got, now, safe []byte) {
	t.Helper()
	if loss == Forget {
		if !bytes.Equal(got, safe) {
			t.Fatalf("%d bytes came back, and not the %d that were synced", len(got), len(safe))
		}
		return
	}
	if len(got) != len(now) && len(got) != len(safe) {
		t.Fatalf("%d bytes came back; want %d or %d", len(got), len(now), len(safe))
	}
	page := func(b []byte, i int) []byte {
		p := make([]byte, Page)
		if i*Page < len(b) {
			copy(p, b[i*Page:])
		}
		if end := len(got) - i*Page; end < Page {
			clear(p[end:])
		}
		return p
	}
	for i := range pages(int64(len(got))) {
		if p := page(got, i); !bytes.Equal(p, page(now, i)) && !bytes.Equal(p, page(safe, i)) {
			t.Fatalf("page %d is neither the synced nor the newest one", i)
		}
	}
}
