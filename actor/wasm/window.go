package wasm

import (
	"encoding/binary"
	"math"
	"math/bits"
	"time"
	"unsafe"

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
	at, fault := n.call(n.calls.window, uint64(size), 0, 0)
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

// chunk is a part of a turn that fits the window: descriptors, tables of fields, then keys and payloads.
type chunk struct {
	order []int32 // turn index of each delivery of the chunk
	place []int32 // chunk index of each delivery of the turn, or -1
	shown []shown // of payloads that the guest has already
	size  int     // bytes that the chunk takes up
	seen  bool    // an import looked at answers during the call
	bytes struct{ shown, copied uint64 }
}

// mostTables is the size of descriptors and tables of fields in a chunk. Their place is set before it is known how many
// deliveries fit, so that one pass does.
const mostTables = firstWindow / 4

// begin makes the chunk an empty one for at most n deliveries.
func (c *chunk) begin(n int) {
	if cap(c.order) < n {
		c.order = make([]int32, n)
	}
	c.order, c.shown, c.seen = c.order[:n], c.shown[:0], false
	c.bytes.shown, c.bytes.copied = 0, 0
}

// fill writes deliveries from first on into the window, as many as fit, and returns where the next chunk begins. A
// delivery whose predecessor is not acked or dead is left out (D3); if the predecessor is in the same chunk, the
// guest decides. If the window is too small for the first one, it says how large it needs to be and writes nothing.
func (c *chunk) fill(n *Instance, t *actor.Turn, first int, fields []string) (next, need int) {
	most := max(1, min(len(t.Deliveries)-first, mostTables/(deliverySize+len(fields)*fieldSize)))
	c.begin(most)
	o, window, count := &n.window.overlay, n.lent(n.window.reach()), 0
	refs := unsafe.Slice((*descriptor)(unsafe.Pointer(&window[0])), most) //nolint:gosec // a window of at least mostTables
	table, at, end := most*deliverySize, most*(deliverySize+len(fields)*fieldSize), len(window)
	offered, place, copied := t.Deliveries, c.place[:len(t.Deliveries)], 0
	for next = first; next < len(offered); next++ {
		d, after := &offered[next], int32(-1)
		place[next] = -1
		if d.After >= 0 {
			var ready bool
			if after, ready = c.after(int(d.After), first); !ready && !t.Ready(next) {
				continue
			}
		}
		payload, key, here := d.View.Payload(), d.View.Key(), shown{}
		if o.room != nil && len(payload) >= o.least {
			here = o.show(n, payload)
		}
		size := len(key)
		if here.length == 0 {
			size += len(payload)
		}
		if count == most || at+size > end {
			if count == 0 {
				return first, at + size
			}
			break
		}
		ref := &refs[count]
		if here.length > 0 {
			c.shown = append(c.shown, here)
			ref.pair(0, here.at, here.length)
			c.bytes.shown += uint64(here.length)
		} else {
			ref.pair(0, uint32(at), uint32(len(payload)))
			copy(window[at:], payload)
			copied += len(payload)
		}
		ref.key(key, at+size-len(key), window)
		ref.tell(&d.View)
		ref.ask(after, table, len(fields), d.Response != nil && t.Response(next) != nil)
		for _, name := range fields {
			f, _ := d.View.Locate(name)
			putField(window[table:], f)
			table += fieldSize
		}
		at += size
		place[next], c.order[count] = int32(count), int32(next)
		count++
		end = int(n.window.size) // only the first one may lie in the room of what is shown
	}
	c.order, c.size, c.bytes.copied = c.order[:count], at, uint64(copied)
	return next, 0
}

// after is the chunk's index of delivery i of the turn, which another one comes after; false and -1 if it is in none, or in one before.
func (c *chunk) after(i, first int) (place int32, ok bool) {
	if i < first || c.place[i] < 0 {
		return -1, false
	}
	return c.place[i], true
}

// descriptor is a delivery as the guest sees it; docs/abi.md. An array of known size needs no checks of bounds.
type descriptor [deliverySize]byte

func (r *descriptor) put64(at int, v uint64)   { binary.LittleEndian.PutUint64(r[at:], v) }
func (r *descriptor) pair(at int, a, b uint32) { r.put64(at, uint64(a)|uint64(b)<<32) }
func (r *descriptor) get32(at int) uint32      { return binary.LittleEndian.Uint32(r[at:]) }
func (r *descriptor) get64(at int) uint64      { return binary.LittleEndian.Uint64(r[at:]) }

// key copies the key to window[at:].
func (r *descriptor) key(key []byte, at int, window []byte) {
	if key == nil {
		r.pair(8, uint32(at), absent)
		return
	}
	r.pair(8, uint32(at), uint32(len(key)))
	copy(window[at:], key)
}

// tell writes the part of the message's meta that every delivery has.
func (r *descriptor) tell(v *pelton.View) {
	r.pair(16, v.Attempt(), v.Defers())
	r.put64(24, uint64(nanos(v.Time())))
	seen := v.Seen()
	if seen == 0 {
		seen = noTime
	}
	r.put64(32, uint64(seen))
	r.put64(40, v.Position())
}

// ask writes what the guest has to look at, and clears its answer.
func (r *descriptor) ask(after int32, table, fields int, response bool) {
	r.pair(48, uint32(after), uint32(table))
	flags := uint32(0)
	if response {
		flags = flagResponse
	}
	r.pair(56, uint32(fields), flags)
	r.put64(decisionAt, 0)
	r.put64(72, 0)
	r.put64(80, 0)
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
