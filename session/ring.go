package session

import "github.com/peltonhq/pelton"

// Limits of one ring. A follower that needs older ones reads the store.
const (
	ringCount = 256
	ringBytes = 1 << 20
)

// entry is one place in what a follower reads: a snapshot, or in a log the deletion of a key.
type entry struct {
	n       uint64           // id of a key, seq of a log
	snap    *pelton.Snapshot // nil for a deletion; shared, never changed
	deleted string           // the key
}

func (e *entry) size() int64 {
	if e.snap == nil {
		return entryOverhead
	}
	return int64(len(e.snap.Payload)+len(e.snap.EffectID)+len(e.snap.Key)) + entryOverhead
}

const entryOverhead = 160 // a Snapshot struct and its place in the ring

// ring holds the newest entries of one epoch, consecutive, bounded by count and bytes; at least the newest one stays.
type ring struct {
	epoch uint64
	buf   [ringCount]entry // circular
	start int
	count int
	bytes int64
}

func (r *ring) at(i int) *entry { return &r.buf[(r.start+i)%ringCount] }

// first is the lowest number in the ring, or behind when there is none.
func (r *ring) first(behind uint64) uint64 {
	if r.count == 0 {
		return behind
	}
	return r.at(0).n
}

// push adds the newest entry. One that does not follow the last (another epoch, or a hole) starts the ring over.
func (r *ring) push(epoch uint64, e entry) {
	if r.epoch != epoch || (r.count > 0 && r.at(r.count-1).n+1 != e.n) {
		r.clear()
	}
	if r.count == ringCount {
		r.drop()
	}
	r.epoch = epoch
	*r.at(r.count) = e
	r.count++
	for r.bytes += e.size(); r.bytes > ringBytes && r.count > 1; {
		r.drop()
	}
}

func (r *ring) drop() {
	r.bytes -= r.at(0).size()
	*r.at(0) = entry{}
	r.start = (r.start + 1) % ringCount
	r.count--
}

func (r *ring) clear() { *r = ring{} }

// read copies up to limit entries from number n; nil when n is not in the ring.
func (r *ring) read(epoch, n uint64, limit int) []entry {
	if r.count == 0 || r.epoch != epoch || n < r.at(0).n || n > r.at(r.count-1).n {
		return nil
	}
	skip := int(n - r.at(0).n)
	out := make([]entry, min(limit, r.count-skip))
	for i := range out {
		out[i] = *r.at(skip + i)
	}
	return out
}
