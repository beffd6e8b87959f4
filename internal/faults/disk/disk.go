package disk

import (
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
)

// Page is the unit in which a disk keeps or forgets.
const Page = 4 << 10

// Disk is a tree of files. Make it with [New].
type Disk struct {
	mu    sync.Mutex
	root  *node
	last  uint64 // number of the newest node
	used  int64  // bytes of pages in use
	size  int64  // of the disk; 0 means that it never fills up
	fault Fault
	cut   bool
	left  int           // operations until the cut that CutAfter asked for; 0 means none
	dark  chan struct{} // closed by the cut
}

// node is a file or a directory, as it is now and as it is after a cut.
type node struct {
	number    uint64
	dir       bool
	now, safe data
	dirty     map[int]struct{} // pages that differ from the safe ones and were not given up
	kids      map[string]*node
	safeKids  map[string]*node
}

// data is the content of a file. Pages are shared between now and safe, and copied before they are changed; nil is a hole.
type data struct {
	pages []*[Page]byte
	size  int64
}

// New is an empty disk that works.
func New() *Disk {
	d := &Disk{dark: make(chan struct{})}
	d.root = d.make(true)
	return d
}

func (d *Disk) make(dir bool) *node {
	d.last++
	n := &node{number: d.last, dir: dir}
	if dir {
		n.kids, n.safeKids = map[string]*node{}, map[string]*node{}
	} else {
		n.dirty = map[int]struct{}{}
	}
	return n
}

// Cut takes the power away.
func (d *Disk) Cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off()
}

// CutAfter takes the power away before the operation that comes after so many others, of those that change something.
func (d *Disk) CutAfter(operations int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left = operations + 1
}

// Dark is closed when the power is away.
func (d *Disk) Dark() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dark
}

func (d *Disk) off() {
	if !d.cut {
		d.cut = true
		close(d.dark)
	}
}

// WriteBack makes all that was written safe, as a system does now and then by itself.
func (d *Disk) WriteBack() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.cut {
		d.root.writeBack()
	}
}

func (n *node) writeBack() {
	n.sync()
	for _, kid := range n.kids {
		kid.writeBack()
	}
}

// Loss is how a disk comes back after a cut.
type Loss int

const (
	Forget Loss = iota // all that is not safe
	Tear               // a part of it, by chance
)

// Restore brings the disk back after a cut: what is there now is what a process finds. Nothing may have the disk mounted.
// rnd is for Tear.
func (d *Disk) Restore(loss Loss, rnd *rand.Rand) {
	d.mu.Lock()
	defer d.mu.Unlock()
	keep := func() bool { return loss == Tear && rnd.IntN(2) == 0 }
	d.used = 0
	d.restore(d.root, keep, map[*node]bool{})
	d.cut, d.left, d.dark = false, 0, make(chan struct{})
}

func (d *Disk) restore(n *node, keep func() bool, done map[*node]bool) {
	if done[n] {
		return
	}
	done[n] = true
	if !n.dir {
		n.settle(keep)
		for _, p := range n.now.pages {
			if p != nil {
				d.used += Page
			}
		}
		return
	}
	if keep() {
		n.safeKids = n.kids
	}
	n.kids, n.safeKids = maps.Clone(n.safeKids), maps.Clone(n.safeKids)
	for _, kid := range n.kids {
		d.restore(kid, keep, done)
	}
}

// settle makes a file what a disk has of it: the safe content, and those of the other pages that are kept.
func (n *node) settle(keep func() bool) {
	kept := data{size: n.safe.size}
	if keep() {
		kept.size = n.now.size
	}
	kept.pages = make([]*[Page]byte, pages(kept.size))
	copy(kept.pages, n.safe.pages)
	for i := range kept.pages {
		if i < len(n.now.pages) && kept.pages[i] != n.now.pages[i] && keep() {
			kept.pages[i] = n.now.pages[i]
		}
	}
	kept.trim()
	n.safe = kept
	n.now = data{append([]*[Page]byte(nil), kept.pages...), kept.size}
	n.dirty = map[int]struct{}{}
}

// trim makes the bytes behind the end of the last page zero, on a copy of the page.
func (c *data) trim() {
	if rest := c.size % Page; rest != 0 && c.pages[len(c.pages)-1] != nil {
		p := *c.pages[len(c.pages)-1]
		clear(p[rest:])
		c.pages[len(c.pages)-1] = &p
	}
}

func pages(size int64) int { return int((size + Page - 1) / Page) }

// Read is the content of the file with that path, as it is now; nil if there is none.
func (d *Disk) Read(path string) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.root
	for name := range strings.SplitSeq(path, "/") {
		if n == nil || !n.dir {
			return nil
		}
		n = n.kids[name]
	}
	if n == nil || n.dir {
		return nil
	}
	out := make([]byte, n.now.size)
	n.read(out, 0)
	return out
}

// read copies from an offset; what is there of it is the count.
func (n *node) read(into []byte, at int64) int {
	if at >= n.now.size {
		return 0
	}
	into = into[:min(int64(len(into)), n.now.size-at)]
	for done := 0; done < len(into); {
		page, off := int((at+int64(done))/Page), int((at+int64(done))%Page)
		span := into[done:min(len(into), done+Page-off)]
		if p := n.now.pages[page]; p != nil {
			copy(span, p[off:])
		} else {
			clear(span)
		}
		done += len(span)
	}
	return len(into)
}

// write puts bytes at an offset, or nothing where the disk is full.
func (d *Disk) write(n *node, text []byte, at int64) syscall.Errno {
	end := at + int64(len(text))
	var more int64
	for i := int(at / Page); i < pages(end); i++ {
		if i >= len(n.now.pages) || n.now.pages[i] == nil {
			more += Page
		}
	}
	if d.size > 0 && d.used+more > d.size {
		return syscall.ENOSPC
	}
	d.used += more
	for len(n.now.pages) < pages(end) {
		n.now.pages = append(n.now.pages, nil)
	}
	n.now.size = max(n.now.size, end)
	for done := 0; done < len(text); {
		page, off := int((at+int64(done))/Page), int((at+int64(done))%Page)
		done += copy(n.own(page)[off:], text[done:])
	}
	return 0
}

// own is a page that may be changed: no safe content has it too.
func (n *node) own(page int) *[Page]byte {
	n.dirty[page] = struct{}{}
	p := n.now.pages[page]
	switch {
	case p == nil:
		p = new([Page]byte)
	case page < len(n.safe.pages) && n.safe.pages[page] == p:
		fresh := *p
		p = &fresh
	}
	n.now.pages[page] = p
	return p
}

// resize cuts a file or lengthens it by a hole.
func (d *Disk) resize(n *node, size int64) {
	for len(n.now.pages) > pages(size) {
		last := len(n.now.pages) - 1
		if n.now.pages[last] != nil {
			d.used -= Page
		}
		n.now.pages = n.now.pages[:last]
		n.dirty[last] = struct{}{}
	}
	for len(n.now.pages) < pages(size) {
		n.dirty[len(n.now.pages)] = struct{}{}
		n.now.pages = append(n.now.pages, nil)
	}
	if rest := size % Page; size < n.now.size && rest != 0 && n.now.pages[len(n.now.pages)-1] != nil {
		clear(n.own(len(n.now.pages) - 1)[rest:])
	}
	n.now.size = size
}

// sync makes a file's content, or a directory's names, safe.
func (n *node) sync() {
	if n.dir {
		n.safeKids = maps.Clone(n.kids)
		return
	}
	for len(n.safe.pages) < len(n.now.pages) {
		n.safe.pages = append(n.safe.pages, nil)
	}
	n.safe.pages, n.safe.size = n.safe.pages[:len(n.now.pages)], n.now.size
	for page := range n.dirty {
		if page < len(n.now.pages) {
			n.safe.pages[page] = n.now.pages[page]
		}
	}
	clear(n.dirty)
}

// giveUp is what a failed sync leaves: nothing more is written, and a reader sees it all the same, until a cut.
func (n *node) giveUp() { clear(n.dirty) }
