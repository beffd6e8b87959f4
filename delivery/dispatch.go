package delivery

import (
	"slices"
	"time"

	"github.com/peltonhq/pelton"
)

// Item is one delivery on its way to a plugin and back. The loop keeps it beside the turn; it is a value.
type Item struct {
	Ref     pelton.Ref
	First   int64 // this delivery's first offer in Unix nanoseconds; 0 until then
	Attempt uint32
	Defers  uint32
	After   int32   // see actor.Delivery.After
	Answer  *Answer // what it awaited; nil for most

	message int32
	plugin  int32
	head    bool // it is the head of a blocked key, so the block does not hold it back
	free    bool // it let its key go on, and has no order to keep any more
	hash    uint64
}

// subscriber is one plugin as this lane sees it.
type subscriber struct {
	spec    *Plugin
	pending []line        // by instance
	back    []queue[Item] // by instance: out of the parking lot, offered first; what is pending may have to wait for them
	blocked blocked
	behind  int   // records parked behind keys of this plugin
	waiting int64 // bytes of effects that its targets have not taken
	child   queue[child]
	edges   []string    // of its first emits, as paths: "plugin#0" …
	held    queue[held] // acks whose emits wait for changes of the plugin's state, in order
	awaits  int         // deliveries whose response is on its way
	stopped string      // why nothing is offered any more; empty when it is
	pause   Pause       // from outside
}

// edges is how many emits of a delivery have their paths made beforehand.
const edges = 16

// block is a key whose head waits: later messages of the key stay behind it, in order (D3).
type block struct {
	lot     bool        // the head stands in the parking lot, and so does what is behind it
	behind  queue[Item] // in memory
	parked  int         // records behind, durable or on their way
	durable int         // of them, durable
	next    bool        // the head is settled, and what is behind it is not in the lot yet
	// hands are records that count as parked behind, but are out of the lot: former heads whose place in line was
	// taken after a restart.
	hands map[pelton.MessageID]struct{}
	head  pelton.MessageID
	out   bool // the head is out of the lot
}

func (s *subscriber) queue(hash, position uint64) *line {
	return &s.pending[s.instance(hash, position)]
}

// instance pins a key to one instance (order by key needs it).
func (s *subscriber) instance(hash, position uint64) int {
	if len(s.pending) == 1 {
		return 0
	}
	if hash == 0 {
		hash = position // messages without a key have no order to keep: spread them
	}
	return int((hash ^ hash>>32) % uint64(len(s.pending)))
}

// Next fills dst, up to its capacity, with deliveries to offer to one instance in one turn. Until they are decided the
// loop asks for no more for this instance, which is what keeps a key in order across turns; within the turn
// Item.After keeps it. dst is empty, and of at most MaxTurn.
func (l *Ledger) Next(plugin, instance int, now time.Time, dst []Item) []Item {
	s := &l.plugins[plugin]
	if !s.open() {
		return dst
	}
	var last keys
	at := now.UnixNano()
	q := &s.pending[instance]
	for _, waiting := range [...]*queue[Item]{&s.back[instance], &q.again} {
		for waiting.len() > 0 && len(dst) < cap(dst) {
			item := *waiting.at(0)
			if item.Answer == nil && s.crowded() {
				break
			}
			passes := l.pass(s, &item)
			if !passes && !l.hold(plugin, s, &item) {
				return l.offered(plugin, dst)
			}
			waiting.popFront()
			if passes {
				dst = l.take(s, item, at, &last, dst)
			}
		}
	}
	for q.fresh.len() > 0 && len(dst) < cap(dst) && !s.crowded() {
		item := Item{message: int32(*q.fresh.at(0)), plugin: int32(plugin), Attempt: 1}
		passes := s.blocked.len() == 0 || l.pass(s, &item)
		if !passes && !l.hold(plugin, s, &item) {
			break
		}
		q.fresh.popFront()
		if passes {
			dst = l.take(s, item, at, &last, dst)
		}
	}
	return l.offered(plugin, dst)
}

// take puts one delivery into the turn.
func (l *Ledger) take(s *subscriber, item Item, now int64, last *keys, dst []Item) []Item {
	m := l.messages.at(item.message)
	m.flight++
	n := len(dst)
	dst = append(dst, item)
	d := &dst[n]
	d.Ref, d.hash, d.After = m.ref, m.hash, -1
	if d.First == 0 {
		d.First = now
	}
	if m.hash != 0 && s.spec.Policy.ByKey && !d.free {
		d.After = last.put(m.hash, int32(n))
	}
	return dst
}

func (l *Ledger) offered(plugin int, dst []Item) []Item {
	l.Counts.Plugins[plugin].Offered += uint64(len(dst))
	return dst
}

// open reports whether the plugin may be offered anything.
func (s *subscriber) open() bool {
	return s.pause == Parking || s.pause == Flowing && s.stopped == "" && s.waiting <= s.spec.Output
}

// Ready reports whether Next would find something to look at.
func (l *Ledger) Ready(plugin, instance int) bool {
	s := &l.plugins[plugin]
	q := &s.pending[instance]
	if s.crowded() {
		return s.open() && q.again.len() > 0 && q.again.at(0).Answer != nil
	}
	return s.open() && q.len()+s.back[instance].len() > 0
}

// Hungry reports whether some instance that the source feeds has fewer than n deliveries to come, or the source feeds no
// plugin at all.
func (l *Ledger) Hungry(n int) bool {
	for _, p := range l.graph.Source.Plugins {
		s := &l.plugins[p]
		for i := range s.pending {
			if s.pending[i].len()+s.back[i].len() < n {
				return true
			}
		}
	}
	return len(l.graph.Source.Plugins) == 0
}

// pass reports whether the item may be offered: its key is not blocked, or it is the head itself.
func (l *Ledger) pass(s *subscriber, item *Item) bool {
	if item.head || item.free || s.blocked.len() == 0 || !s.spec.Policy.ByKey {
		return true
	}
	b := s.blocked.at(l.messages.at(item.message).hash)
	// After a restart messages come again that were before the head in its line.
	return b == nil || l.known != nil && b.head.Lane == l.lane && l.id(item.message).Before(b.head)
}

// hold puts the item behind the head of its key; false when there are too many behind already.
func (l *Ledger) hold(plugin int, s *subscriber, item *Item) bool {
	hash := l.messages.at(item.message).hash
	b := s.blocked.at(hash)
	if !b.lot {
		b.behind.pushBack(*item)
		return true
	}
	if l.known != nil && !b.head.Lane.Valid() {
		return false // the next head is on its way, and the item may be before it in line
	}
	if s.behind >= s.spec.Policy.Behind {
		return false
	}
	l.parkBehind(plugin, s, b, *item)
	return true
}

// Resume offers messages again to a plugin that stopped after the last attempt of one: that one is first, with one
// attempt more.
func (l *Ledger) Resume(plugin int) { l.plugins[plugin].stopped = "" }

// Halted says why a plugin is offered nothing until [Ledger.Resume]; empty when it is.
func (l *Ledger) Halted(plugin int) string { return l.plugins[plugin].stopped }

// Behind is the number of messages that stand in the parking lot behind keys of a plugin.
func (l *Ledger) Behind(plugin int) int { return l.plugins[plugin].behind }

// The reasons why a plugin's lane is held up.
const (
	WaitPaused   = "paused"   // an operator paused the plugin
	WaitStopped  = "stopped"  // retry.then: stop
	WaitBehind   = "behind"   // order.behind
	WaitRequests = "requests" // capabilities.http.queue
	WaitOutput   = "output"   // limits.output
)

// Stopped says why nothing is offered to a plugin any more, or why its lane is held up by what stands behind a key;
// empty when neither. kind is one of the reasons above.
func (l *Ledger) Stopped(plugin int) (kind, why string) {
	s := &l.plugins[plugin]
	switch {
	case s.pause == Paused:
		return WaitPaused, "paused by an operator: it is offered nothing until it is resumed"
	case s.stopped != "":
		return WaitStopped, s.stopped
	case s.spec.Policy.ByKey && s.behind >= s.spec.Policy.Behind && s.blocked.len() > 0:
		return WaitBehind, "order.behind reached: too many messages behind keys that wait"
	case s.crowded():
		return WaitRequests, "capabilities.http.queue reached: its requests are not answered"
	case s.waiting > s.spec.Output:
		return WaitOutput, "limits.output reached: its targets do not take its emits"
	}
	return "", ""
}

// Pending is the number of deliveries that wait to be offered to a plugin.
func (l *Ledger) Pending(plugin int) int {
	n := 0
	for i := range l.plugins[plugin].pending {
		n += l.plugins[plugin].pending[i].len() + l.plugins[plugin].back[i].len()
	}
	return n
}

// keys finds, within one turn, the delivery of the same key that comes before. It is a small open-addressed table of
// places in the turn, from 1.
type keys struct {
	place [turnKeys]uint16
	hash  [MaxTurn]uint64 // by place
}

const turnKeys = 2 * MaxTurn

// MaxTurn is the largest number of deliveries in one turn.
const MaxTurn = 128

// put notes delivery i of the turn as the last of its key and returns the one before it, or -1.
func (k *keys) put(hash uint64, i int32) int32 {
	slot := hash % turnKeys
	for k.place[slot] != 0 && k.hash[k.place[slot]-1] != hash {
		slot = (slot + 1) % turnKeys
	}
	before := int32(k.place[slot]) - 1
	k.place[slot], k.hash[i] = uint16(i)+1, hash
	return before
}

// requeue puts undecided items back where they came from, in their order; none of them has spent an attempt.
func (l *Ledger) requeue(items []Item) {
	for _, item := range slices.Backward(items) {
		m := l.messages.at(item.message)
		s := &l.plugins[item.plugin]
		s.queue(m.hash, m.position).again.pushFront(item)
	}
}

// unblock lets the key go on after its head was acked or dead.
func (l *Ledger) unblock(plugin int, hash uint64) {
	s := &l.plugins[plugin]
	b := s.blocked.at(hash)
	if b == nil {
		return
	}
	if b.lot {
		l.fetch(plugin, hash, b)
		return
	}
	s.blocked.forget(hash)
	items := make([]Item, 0, b.behind.len())
	for b.behind.len() > 0 {
		items = append(items, b.behind.popFront())
	}
	l.requeue(items)
}

func (i *Item) first() time.Time {
	if i.First == 0 {
		return time.Time{}
	}
	return time.Unix(0, i.First).UTC()
}
