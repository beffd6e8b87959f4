package place

import (
	"cmp"

	"github.com/peltonhq/pelton"
)

// Limits of one ring. A follower that needs older ones reads the store.
const (
	ringCount = 256
	ringBytes = 1 << 20 // unless it says otherwise
)

// Entry is one place in what a follower reads: a snapshot, or in a log the deletion of a key.
type Entry struct {
	N       uint64           // id of a key, seq of a log
	Snap    *pelton.Snapshot // nil for a deletion; shared, never changed
	Deleted string           // the key
	Sum     uint64           // of the sizes of all that was pushed, up to this one; 0 when it was read from the store
}

// Size is what it is charged with.
func (e *Entry) Size() int64 {
	if e.Snap == nil {
		return entryOverhead
	}
	return int64(len(e.Snap.Payload)+len(e.Snap.EffectID)+len(e.Snap.Key)) + entryOverhead
}

// Event is what a follower is told of it.
func (e *Entry) Event(epoch uint64, log bool) Event {
	at := pelton.Cursor{Epoch: epoch, ID: e.N, Log: log}
	if e.Snap == nil {
		return Event{Kind: KindDeleted, Key: e.Deleted, Cursor: at}
	}
	return Event{Kind: KindSnapshot, Snapshot: e.Snap, Key: e.Snap.Key, Cursor: at}
}

const entryOverhead = 160 // a Snapshot struct and its place in the ring

// Ring holds the newest entries of one epoch, consecutive, bounded by count and bytes; at least the newest one stays.
type Ring struct {
	Epoch uint64
	Most  int64 // bytes; 0: 1 MiB

	buf   [ringCount]Entry // circular
	start int
	count int
	bytes int64
}

func (r *Ring) at(i int) *Entry { return &r.buf[(r.start+i)%ringCount] }

// First is the lowest number in the ring, or behind when there is none.
func (r *Ring) First(behind uint64) uint64 {
	if r.count == 0 {
		return behind
	}
	return r.at(0).N
}

// Push adds the newest entry. One that does not follow the last (another epoch, or a hole) starts the ring over.
func (r *Ring) Push(epoch uint64, e Entry) {
	if r.Epoch != epoch || (r.count > 0 && r.at(r.count-1).N+1 != e.N) {
		r.clear()
	}
	if r.count == ringCount {
		r.drop()
	}
	r.Epoch = epoch
	*r.at(r.count) = e
	r.count++
	for r.bytes += e.Size(); r.bytes > cmp.Or(r.Most, ringBytes) && r.count > 1; {
		r.drop()
	}
}

func (r *Ring) drop() {
	r.bytes -= r.at(0).Size()
	*r.at(0) = Entry{}
	r.start = (r.start + 1) % ringCount
	r.count--
}

func (r *Ring) clear() { *r = Ring{Most: r.Most} }

// Bytes are those of what it holds.
func (r *Ring) Bytes() int64 { return r.bytes }

// Read copies up to limit entries from number n; nil when n is not in the ring.
func (r *Ring) Read(epoch, n uint64, limit int) []Entry {
	if r.count == 0 || r.Epoch != epoch || n < r.at(0).N || n > r.at(r.count-1).N {
		return nil
	}
	skip := int(n - r.at(0).N)
	out := make([]Entry, min(limit, r.count-skip))
	for i := range out {
		out[i] = *r.at(skip + i)
	}
	return out
}
