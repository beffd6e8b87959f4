package wasm

import (
	"encoding/binary"
	"math"
	"math/bits"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

// firstWindow is the size of a window at start: 64 messages of 1 KiB fit three times. A larger message makes the
// window grow.
const firstWindow = 256 << 10

// window is the part of the guest's memory that the host writes to.
type window struct {
	at, size uint32
	overlay  overlay
}

// Sizes of the structures in a window, in bytes; docs/abi.md.
const (
	deliverySize = 88
	foldSize     = 48
	fieldSize    = 12
)

// Where in them the guest answers, in bytes.
const (
	decisionAt = 64
	statusAt   = 24
)

const (
	absent = math.MaxUint32 // length of a key that is not there
	noTime = math.MinInt64  // a time that is not known
)

// open asks the guest for a window of at least size bytes.
func (n *Instance) open(size int) *actor.Fault {
	if size > 1<<30 {
		return malformed("a window of %d bytes is too large", size)
	}
	if err := n.window.overlay.close(); err != nil {
		return trap(err)
	}
	n.memory.grant(0)
	room := uint32(1) << bits.Len(uint(size-1))
	at, fault := n.ask(room)
	if fault != nil {
		return fault
	}
	n.window.at, n.window.size = at, room
	return nil
}

// ask has the guest make a window, and answers where it is.
func (n *Instance) ask(size uint32) (uint32, *actor.Fault) {
	at, fault := n.call(n.calls.window, uint64(size))
	if fault != nil {
		return 0, fault
	}
	if _, ok := n.module.Memory().Read(uint32(at), size); !ok || at == 0 || at%8 != 0 {
		n.wrong.broken = malformed("%s(%d) answered %#x, which is no window in the module's memory", exportWindow, size, uint32(at))
		n.wrong.broken.Broken = true
		return 0, n.wrong.broken
	}
	return uint32(at), nil
}

// lent is the window's first bytes. The guest's memory never moves nor shrinks, so they stay where they were when it opened the
// window, also over a call in which it grows.
func (n *Instance) lent(size int) []byte { return n.memory.space[n.window.at:][:size] }

// chunk is a part of a turn that fits the window.
type chunk struct {
	order []int32 // turn index of each delivery of the chunk
	place []int32 // chunk index of each delivery of the turn, or -1
	shown []shown // where the guest has the payload of each delivery of the chunk already
	size  int     // bytes that the chunk takes up
	bytes struct{ shown, copied uint64 }
}

// footprint is the bytes that a delivery takes up in a window, descriptor included, payload excluded.
func footprint(v *pelton.View, fields int) int { return deliverySize + fields*fieldSize + len(v.Key()) }

// plan chooses what goes into the next chunk, from delivery first on, and returns where the one after it begins. A
// delivery whose predecessor is not acked or dead is left out (D3); if the predecessor is in the same chunk, the
// guest decides.
func (c *chunk) plan(n *Instance, t *actor.Turn, first, fields int) int {
	c.order, c.shown, c.size = c.order[:0], c.shown[:0], 0
	c.bytes.shown, c.bytes.copied = 0, 0
	for i := first; i < len(t.Deliveries); i++ {
		d := &t.Deliveries[i]
		c.place[i] = -1
		together := int(d.After) >= first && c.place[d.After] >= 0
		if !together && !t.Ready(i) {
			continue
		}
		payload := d.View.Payload()
		place, copied := n.window.overlay.show(n, payload), len(payload)
		if place.length > 0 {
			copied = 0
		}
		size := footprint(&d.View, fields) + copied
		if len(c.order) > 0 && c.size+size > int(n.window.size) {
			return i
		}
		c.bytes.shown += uint64(len(payload) - copied)
		c.bytes.copied += uint64(copied)
		c.shown = append(c.shown, place)
		c.place[i] = int32(len(c.order))
		c.order = append(c.order, int32(i))
		c.size += size
	}
	return len(t.Deliveries)
}

// stage writes the chunk into the window: descriptors, then tables of fields, then keys and payloads.
func (c *chunk) stage(t *actor.Turn, fields []string, window []byte) {
	table := len(c.order) * deliverySize
	at := table + len(c.order)*len(fields)*fieldSize
	for place, i := range c.order {
		d := &t.Deliveries[i]
		v := &d.View
		ref := (*descriptor)(window[place*deliverySize:])
		at += ref.lend(v, c.shown[place], at, window)
		ref.tell(v)
		ref.put32(48, uint32(c.after(d.After)))
		ref.put32(52, uint32(table))
		ref.put64(56, uint64(len(fields)))
		ref.put64(decisionAt, 0)
		ref.put64(72, 0)
		ref.put64(80, 0)
		if d.Response != nil && t.Response(int(i)) != nil {
			ref.put32(60, flagResponse)
		}
		for _, name := range fields {
			f, _ := v.Locate(name)
			putField(window[table:], f)
			table += fieldSize
		}
	}
}

// descriptor is a delivery as the guest sees it; docs/abi.md. An array of known size needs no checks of bounds.
type descriptor [deliverySize]byte

func (r *descriptor) put32(at int, v uint32) { binary.LittleEndian.PutUint32(r[at:], v) }
func (r *descriptor) put64(at int, v uint64) { binary.LittleEndian.PutUint64(r[at:], v) }
func (r *descriptor) get32(at int) uint32    { return binary.LittleEndian.Uint32(r[at:]) }
func (r *descriptor) get64(at int) uint64    { return binary.LittleEndian.Uint64(r[at:]) }

// lend copies payload and key to window[at:], and says how many bytes they are. A payload that is shown is not copied.
func (r *descriptor) lend(v *pelton.View, s shown, at int, window []byte) (size int) {
	payload, key := v.Payload(), v.Key()
	r.put32(0, s.at)
	r.put32(4, uint32(len(payload)))
	if s.length == 0 {
		r.put32(0, uint32(at))
		size = copy(window[at:], payload)
	}
	r.put32(8, uint32(at+size))
	if key == nil {
		r.put32(12, absent)
		return size
	}
	r.put32(12, uint32(len(key)))
	return size + copy(window[at+size:], key)
}

// tell writes the part of the message's meta that every delivery has.
func (r *descriptor) tell(v *pelton.View) {
	r.put32(16, v.Attempt())
	r.put32(20, v.Defers())
	r.put64(24, uint64(nanos(v.Time())))
	seen := v.Seen()
	if seen == 0 {
		seen = noTime
	}
	r.put64(32, uint64(seen))
	r.put64(40, v.Position())
}

// after is the chunk's index of a predecessor that the guest has to look at, or -1.
func (c *chunk) after(i int32) int32 {
	if i < 0 || i < c.order[0] {
		return -1
	}
	return c.place[i]
}

func putField(b []byte, f pelton.Field) {
	put32(b, 0, f.Offset)
	put32(b, 4, f.Length)
	put32(b, 8, uint32(f.Kind))
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return noTime
	}
	return t.UnixNano()
}

func put32(b []byte, at int, v uint32) { binary.LittleEndian.PutUint32(b[at:], v) }
func get32(b []byte, at int) uint32    { return binary.LittleEndian.Uint32(b[at:]) }
