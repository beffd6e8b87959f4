package wasm

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/arena"
)

// overlay is the room in a guest's window in which arenas are shown as they are, so that large payloads need no copy:
//
//	guest's memory  … │ descriptors, keys, small payloads │ arena │ arena │ … │ …
//	                  ▲ window.at                         ▲ window.at + overlay.at
//
// The room is mapped copy-on-write. A guest that writes there has a page of its own from then on, which follows the
// arena no more: nobody else sees the write, but the guest would see old bytes where a later message lies. So what a call
// was shown is looked at when the call is over, BEFORE the guest is shown anything else, and what it wrote is dropped. A
// first write to a page is a page fault: without a fault on its thread the call wrote nothing, which spares the look
// almost always. What the call was not shown is looked at once in a while.
type overlay struct {
	room    []byte // whole pages of the guest's memory; nil: every payload is copied
	at      uint32 // of the room, from the start of the window
	least   int    // bytes of a payload that is shown
	layers  []layer
	used    int    // bytes of room that were ever laid over
	off     bool   // an arena could not be laid over: what is copied already stays so
	before  uint64 // page faults of the thread when the call began
	owed    int    // since the last look at everything: page faults, and calls after the first
	entries []byte // scratch of repair
}

// layer is one arena in the room.
type layer struct {
	memory   *arena.Mapping
	at, size int // in the room
}

// shown is where a payload of a call lies, from the start of the window; the zero value is a payload that is copied.
type shown struct{ at, length uint32 }

const (
	// showLeast is the size in bytes of a payload that is about as cheap to show as to copy; docs/why.md has the figures.
	showLeast = 16 << 10
	// lookAfter is how many page faults and calls pass before everything is looked at, which takes 20 ns for each page
	// that the guest has ever touched.
	lookAfter = 4096
	// mostOff is the same for a guest that is shown nothing any more because it wrote there.
	mostOff = 64
	// mostDirty is how often a version of a plugin may write into what it is shown before it gets copies only.
	mostDirty = 3
)

var (
	errRoom = errors.New("the module makes no window of that size")
	page    = os.Getpagesize()
)

func pages(n int64) int64 { return (n + int64(page) - 1) &^ (int64(page) - 1) }

// room is how many bytes of arenas an instance can be shown; 0 if its payloads are copied.
func (m *Module) room(env *actor.Env) int64 {
	w := env.Window
	if w == nil || w.Room <= 0 || m.dirty.Load() >= mostDirty {
		return 0
	}
	if err := shows(); err != nil {
		m.tell(env, fmt.Sprintf("window: mapped is not available here, payloads are copied: %v", err))
		return 0
	}
	room := pages(w.Room)
	limit := env.Limits.Memory
	set(&limit, actor.DefaultMemory)
	if room > maxMemory-limit-2*firstWindow {
		m.tell(env, fmt.Sprintf("window: mapped needs room for arenas of %s beside limits.memory, and a guest has %s for both: payloads are copied",
			bytesize(room), bytesize(maxMemory)))
		return 0
	}
	return room
}

// tell logs why a version's payloads are copied; once, since the reason stays.
func (m *Module) tell(env *actor.Env, why string) {
	if m.told.CompareAndSwap(false, true) && env.Log != nil {
		env.Log("warn", why)
	}
}

// openFirst makes the window of a new instance, with the room if it has one. The room is asked for here, not when it is
// needed first: some guests fill it with zeroes, which takes longer than a message may.
func (n *Instance) openFirst(size int) *actor.Fault {
	o, room := &n.window.overlay, n.memory.room
	if room == 0 {
		return n.open(size)
	}
	n.memory.grant(room)
	whole := pages(int64(size)) + int64(page) + int64(room)
	at, fault := n.ask(uint32(whole))
	if fault != nil {
		return fault
	}
	from := pages(int64(at) + int64(size))
	o.room, o.at = n.memory.space[from:][:room:room], uint32(from)-at
	o.least, o.entries = showLeast, make([]byte, page)
	if n.env.Window.Least > 0 {
		o.least = n.env.Window.Least
	}
	n.window.at, n.window.size = at, uint32(size)
	if err := lift(o.room); err != nil { // what the guest has there is not needed
		return trap(err)
	}
	return nil
}

// reach is the size of the largest chunk that the window holds. One payload that is copied after all and needs more than
// window.size may lie in the room.
func (w *window) reach() int { return max(int(w.size), int(w.overlay.at)+len(w.overlay.room)) }

// show is where the guest finds a payload in its room.
func (o *overlay) show(n *Instance, payload []byte) shown {
	if o.room == nil || len(payload) < o.least || o.off || n.code.dirty.Load() >= mostDirty {
		return shown{}
	}
	for i := range o.layers {
		if at, ok := o.layers[i].memory.Offset(payload); ok {
			return o.shown(&o.layers[i], at, payload)
		}
	}
	m := arena.Find(payload)
	if m == nil {
		return shown{}
	}
	l, err := o.lay(m)
	if err != nil {
		n.code.tell(&n.env, fmt.Sprintf("window: mapped: the payloads of %s are copied: %v", m.Name(), err))
		o.off = true
		return shown{}
	}
	at, _ := m.Offset(payload)
	return o.shown(l, at, payload)
}

func (o *overlay) shown(l *layer, at int64, payload []byte) shown {
	return shown{at: o.at + uint32(l.at) + uint32(at), length: uint32(len(payload))}
}

// lay shows another arena, in the place of one that is gone or behind the others.
func (o *overlay) lay(m *arena.Mapping) (*layer, error) {
	size := int(min(pages(m.Size()), math.MaxInt32))
	for i := range o.layers {
		if l := &o.layers[i]; l.memory.Gone() && l.size >= size {
			l.memory = m
			return l, lay(o.room[l.at:][:size], m.File())
		}
	}
	if size > len(o.room)-o.used {
		return nil, fmt.Errorf("its arena of %s does not fit beside those that are shown already", bytesize(m.Size()))
	}
	if err := lay(o.room[o.used:][:size], m.File()); err != nil {
		return nil, err
	}
	o.layers = append(o.layers, layer{memory: m, at: o.used, size: size})
	o.used += size
	return &o.layers[len(o.layers)-1], nil
}

// enter begins a call that shows something. The guest stays on its thread, whose page faults are its own then.
func (o *overlay) enter() {
	runtime.LockOSThread()
	o.before = faults()
}

// leave ends the call: what the guest wrote into its room is dropped.
func (n *Instance) leave(c *chunk, broken bool) {
	o := &n.window.overlay
	n.env.Window.Mapped.Add(c.bytes.shown)
	n.env.Window.Copied.Add(c.bytes.copied)
	if o.room == nil {
		return
	}
	var happened uint64
	if c.bytes.shown > 0 {
		happened = faults() - o.before
		runtime.UnlockOSThread()
	}
	if broken {
		return // it is never called again
	}
	if spill := c.size - int(o.at); spill > 0 {
		drop(o.room[:pages(int64(spill))])
	}
	found := 0
	if happened > 0 {
		for _, s := range c.shown {
			found += o.look(s)
		}
	}
	if o.owed > 0 || happened > 0 || c.bytes.shown == 0 {
		o.owed += 1 + int(min(happened, lookAfter))
		if n.code.dirty.Load() >= mostDirty {
			o.owed += lookAfter / mostOff
		}
	}
	if o.owed >= lookAfter || found > 0 {
		found += o.lookAtAll()
	}
	if found > 0 {
		n.dirtied(found)
	}
}

// look repairs what the guest wrote into the pages of one payload, and says how many there were.
func (o *overlay) look(s shown) int {
	if s.length == 0 {
		return 0
	}
	from := int64(s.at-o.at) &^ (int64(page) - 1)
	return repair(o.room[from:pages(int64(s.at-o.at)+int64(s.length))], o.entries)
}

// lookAtAll repairs all of the room.
func (o *overlay) lookAtAll() int {
	o.owed = 0
	found := 0
	for _, l := range o.layers {
		found += repair(o.room[l.at:][:l.size], o.entries)
	}
	if o.used < len(o.room) {
		drop(o.room[o.used:])
	}
	return found
}

// dirtied counts that the guest wrote into what it is shown. Only its own copy changed, and is dropped by now.
func (n *Instance) dirtied(found int) {
	n.env.Window.Dirty.Add(1)
	strikes := int32(1)
	if n.memory.size.Load()+int64(found)*int64(page) > int64(n.memory.limit) {
		strikes = mostDirty // written pages count as its memory
	}
	times := n.code.dirty.Add(strikes)
	if times == strikes {
		n.warn(fmt.Sprintf("the plugin wrote into payloads that it is only shown (%d pages): its own copy changed, and was dropped", found))
	}
	if times >= mostDirty && times-strikes < mostDirty {
		n.warn("the plugin writes into payloads that it is only shown: from now on they are copied")
	}
}

func (n *Instance) warn(words string) {
	if n.env.Log != nil {
		n.env.Log("warn", words)
	}
}

// close forgets the arenas: the room becomes memory like any other.
func (o *overlay) close() error {
	if o.room == nil {
		return nil
	}
	err := lift(o.room)
	*o = overlay{}
	return err
}
