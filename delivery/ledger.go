package delivery

import (
	"slices"
	"time"

	"github.com/peltonhq/pelton"
)

// Options of a ledger. Every field is required.
type Options struct {
	Lane      pelton.LaneID
	Graph     *Graph
	Watermark uint64                                    // stored position to resume from
	Window    int                                       // messages between watermark and head before admission stops
	Output    int64                                     // bytes of the source's own effects that wait, before admission stops
	Mark      func(lot bool, id pelton.EffectID) []byte // store key that makes an effect happen once
	Jitter    func() float64                            // in [0, 1)
	// Known are the deliveries and effects at or above the watermark that are durable already: marks, parked and
	// dead records. They count as settled when they turn up again (S2, D1).
	Known []pelton.EffectID
	// Blocked are the keys whose head stands in the parking lot (D3).
	Blocked []Blocked
}

// Ledger keeps the account of one lane: what was admitted, to whom it is offered, what was decided, what waits for
// durability, and how far the source may be acknowledged. It is a pure state machine: one goroutine, the lane's loop,
// drives it, carries out what it asks for, and tells it when that is durable.
type Ledger struct {
	asked
	account

	lane   pelton.LaneID
	graph  *Graph
	mark   func(bool, pelton.EffectID) []byte
	jitter func() float64
	window int
	output int64
	direct int64 // bytes of the source's own effects that their targets have not taken

	messages slab[message]
	order    queue[Fresh] // source messages by position, up to the head
	plugins  []subscriber
	acks     slab[acked]
	effects  slab[effect]
	outbox   []queue[int32] // of effects, by target
	writes   slab[write]
}

// asked is what the loop is to carry out next.
type asked struct {
	pending []Write // in order
	release []pelton.Ref
	moves   []pelton.Ref
	fetches []Fetch
	asks    []Ask
}

// account is what the ledger knows about positions and durability.
type account struct {
	Counts

	watermark uint64                       // contiguous: everything before it is settled
	passed    uint64                       // as handed to the store: no mark below it will ever be removed
	known     map[uint64][]pelton.EffectID // durable before the restart, by position
	horizon   uint64                       // highest position in known
	lots      map[uint64]*lot              // parked records in the ledger's hands, by position
	late      []pelton.EffectID            // records that came too early after a restart
	again     []pelton.EffectID            // of them, those whose time has come
	timers    timers
	awaits    slab[awaiting]
	ticket    uint64 // orders timers of the same due time
}

// Counts are the ledger's running totals.
type Counts struct {
	Admitted, Bad, Skipped, Unread, Keyless uint64
	Plugins                                 []PluginCounts
}

// Copy is a copy that shares nothing.
func (c Counts) Copy() Counts {
	c.Plugins = slices.Clone(c.Plugins)
	return c
}

// PluginCounts are one plugin's decisions in this lane.
type PluginCounts struct {
	Offered, Acked, Retried, Deferred, Held, Awaited, Dead, Dropped, Faults, Emits, Discarded uint64
}

// message is one admitted message: of the source, of a plugin (child) or from the parking lot. What an offer and an ack
// touch comes first, within a cache line.
type message struct {
	ref      pelton.Ref
	open     int32   // deliveries and effects that are not settled
	lent     int32   // deliveries that still need the bytes
	flight   int32   // deliveries in an actor's hands
	source   bool    // counts for the watermark
	parked   bool    // it, or the message it descends from, came out of the parking lot: its marks are the lot's
	hash     uint64  // of the key; 0 when it has none
	lot      *Record // the record it came from, out of the parking lot
	position uint64
	next     uint64
	lane     *pelton.LaneID // the ledger's, or that of the parked record's incarnation
	parent   int32          // index of the ack whose emit it is; 0 for none
	path     string
}

// New makes the ledger of a lane that resumes at o.Watermark.
func New(o Options) *Ledger {
	l := &Ledger{
		lane: o.Lane, graph: o.Graph, mark: o.Mark, jitter: o.Jitter, window: o.Window, output: o.Output,
		plugins: make([]subscriber, len(o.Graph.Plugins)),
		outbox:  make([]queue[int32], len(o.Graph.Targets)),
		account: account{watermark: o.Watermark, passed: o.Watermark, lots: map[uint64]*lot{}},
	}
	l.Counts.Plugins = make([]PluginCounts, len(o.Graph.Plugins))
	for i := range l.plugins {
		p := &l.plugins[i]
		p.spec = &o.Graph.Plugins[i]
		p.pending = make([]line, max(1, p.spec.Instances))
		p.back = make([]queue[Item], len(p.pending))
		p.blocked = newBlocked(&l.lane)
		p.edges = make([]string, 0, edges)
	}
	for _, id := range o.Known {
		if l.known == nil {
			l.known = map[uint64][]pelton.EffectID{}
		}
		l.known[id.Message.Position] = append(l.known[id.Message.Position], id)
		l.horizon = max(l.horizon, id.Message.Position)
	}
	for _, b := range o.Blocked {
		l.restore(b)
	}
	return l
}

// Framed is a message of the source, framed and lent by its arena.
type Framed struct {
	Ref      pelton.Ref
	Position uint64
	Next     uint64
	Hash     uint64 // of the key, 0 when it has none
}

// Admission is a message of the source that may feed targets itself.
type Admission struct {
	Framed

	// Key and Payload are owned copies, needed only when the source itself feeds a session or a sink.
	Key, Payload []byte
	ContentType  string
	Time         time.Time
	Trace        string
}

// Head is where admission is: behind the last message of the source that was admitted.
func (l *Ledger) Head() uint64 {
	if n := l.order.len(); n > 0 {
		return l.messages.at(int32(*l.order.at(n - 1))).next
	}
	return l.watermark
}

// Full reports whether nothing may be admitted: the window is full, or so are the outboxes of the source's own effects,
// which are copies that no arena bounds (A2).
func (l *Ledger) Full() bool { return l.order.len() >= l.window || l.direct > l.output }

// Direct reports whether the source feeds a session or a sink itself, so that Admission needs the bytes.
func (l *Ledger) Direct() bool { return len(l.graph.Source.Targets) > 0 }

// AdmitRun is Admit for messages that feed no targets themselves.
func (l *Ledger) AdmitRun(run []Framed) {
	plugins := l.graph.Source.Plugins
	if len(plugins) == 0 || l.remembers() || l.Direct() {
		for i := range run {
			l.Admit(&Admission{Framed: run[i]})
		}
		return
	}
	for i := range run {
		l.enter(&run[i], int32(len(plugins)))
	}
	for _, p := range plugins {
		s := &l.plugins[p]
		if len(s.pending) == 1 {
			s.pending[0].fresh.pushLast(&l.order, len(run))
			continue
		}
		for i := range run {
			s.queue(run[i].Hash, run[i].Position).fresh.pushBack(*l.order.at(l.order.len() - len(run) + i))
		}
	}
}

// enter opens a message of the source that so many deliveries need.
func (l *Ledger) enter(f *Framed, deliveries int32) int32 {
	l.Admitted++
	if f.Hash == 0 {
		l.Keyless++
	}
	i, m := l.messages.empty()
	m.lane, m.ref, m.position, m.next, m.hash, m.source = &l.lane, f.Ref, f.Position, f.Next, f.Hash, true
	m.open, m.lent = deliveries, deliveries
	l.order.pushBack(Fresh(i))
	return i
}

// Admit takes a message of the source; a is copied. The reference is given back through [Ledger.Releases].
func (l *Ledger) Admit(a *Admission) {
	i := l.enter(&a.Framed, 1) // held while the deliveries are being opened
	l.open(i, l.graph.Source.Plugins)
	if len(l.graph.Source.Targets) > 0 {
		k := l.acks.take(acked{message: i, plugin: -1, left: 1})
		l.messages.at(i).open++
		id := pelton.MessageID{Lane: l.lane, Position: a.Position}
		e := pelton.Effect{Key: a.Key, Payload: a.Payload, ContentType: a.ContentType, Time: a.Time, Trace: a.Trace}
		l.fan(k, id, l.graph.Source.Targets, e)
		l.finished(k)
	}
	l.unlend(i)
	l.settle(i)
}

// AdmitBad takes input that was no message; it becomes a dead letter, and nothing before that moves the watermark.
func (l *Ledger) AdmitBad(r Record, next uint64) {
	l.Bad++
	position := r.ID.Message.Position
	i := l.messages.take(message{lane: &l.lane, position: position, next: next, source: true, open: 1})
	l.order.pushBack(Fresh(i))
	if l.isKnown(r.ID) {
		l.Skipped++
		l.settle(i)
		return
	}
	l.write(write{message: i, plugin: -1}, Write{Kind: WriteDead, Record: &r})
}

// open starts the deliveries of a message to the given plugins.
func (l *Ledger) open(i int32, plugins []int) {
	m := l.messages.at(i)
	remembers := l.remembers()
	for _, p := range plugins {
		if remembers && l.isKnown(l.id(i).To(l.target(p))) {
			l.Skipped++
			continue
		}
		m.open++
		m.lent++
		l.plugins[p].queue(m.hash, m.position).fresh.pushBack(Fresh(i))
	}
}

// remembers reports whether anything is known at all, so that steady work builds no identities.
func (l *Ledger) remembers() bool { return l.known != nil || len(l.lots) > 0 }

func (l *Ledger) id(i int32) pelton.MessageID {
	m := l.messages.at(i)
	return pelton.MessageID{Lane: *m.lane, Position: m.position, Path: m.path}
}

func (l *Ledger) target(plugin int) pelton.Target {
	return pelton.Target{Kind: pelton.TargetPlugin, Name: l.graph.Plugins[plugin].Name}
}

// isKnown reports whether the delivery or effect is durable since before the restart, or since the last time its
// record was out of the parking lot.
func (l *Ledger) isKnown(id pelton.EffectID) bool {
	if l.known != nil && slices.Contains(l.known[id.Message.Position], id) {
		return true
	}
	place := l.lots[id.Message.Position]
	return place != nil && slices.Contains(place.known, id)
}

// unlend notes that one delivery needs the message's bytes no longer.
func (l *Ledger) unlend(i int32) {
	m := l.messages.at(i)
	m.lent--
	if m.lent == 0 && m.ref.Valid() {
		l.release = append(l.release, m.ref)
		m.ref = pelton.Ref{}
	}
}

// settle notes that one delivery, or the message's own effects, are settled for good.
func (l *Ledger) settle(i int32) {
	m := l.messages.at(i)
	m.open--
	if m.open > 0 {
		return
	}
	parent, source := m.parent, m.source
	if m.lot != nil {
		l.leaveLot(m.position)
	}
	if source {
		l.advance()
		return
	}
	l.messages.give(i)
	if parent != 0 {
		l.finished(parent)
	}
}

// advance moves the watermark over every settled message at the front (D2).
func (l *Ledger) advance() {
	for l.order.len() > 0 {
		i := int32(*l.order.at(0))
		m := l.messages.at(i)
		if m.open > 0 {
			break
		}
		l.watermark = max(l.watermark, m.next)
		l.order.popFront()
		l.messages.give(i)
	}
	if l.known != nil && l.watermark > l.horizon {
		l.known = nil
	}
	l.catchUp()
}

// Watermark is the position before which everything is settled and durable. The loop makes it durable, and only then
// may the source be told (D2).
func (l *Ledger) Watermark() uint64 { return l.watermark }

// Checkpointing notes that the watermark w, with the end of the marks below it, was handed to the store after the
// writes given out so far and before those to come.
func (l *Ledger) Checkpointing(w uint64) { l.passed = max(l.passed, w) }

// Releases gives out, once, the references that no delivery needs any longer.
func (l *Ledger) Releases(dst []pelton.Ref) []pelton.Ref {
	dst = append(dst, l.release...)
	l.release = l.release[:0]
	return dst
}

// Moves gives out, once, references of messages that began to wait while no actor has them: their bytes may move. It
// is called before the next call of [Ledger.Next], which may give a message to an actor again (A1).
func (l *Ledger) Moves(dst []pelton.Ref) []pelton.Ref {
	dst = append(dst, l.moves...)
	l.moves = l.moves[:0]
	return dst
}

// Lent gives out the references that are lent and that no actor has, for a loop that ends: what they belong to is
// abandoned, and the ledger is not used any more.
func (l *Ledger) Lent(dst []pelton.Ref) []pelton.Ref {
	dst = l.Releases(dst)
	for i := range l.messages.items {
		if m := &l.messages.items[i]; m.ref.Valid() && m.flight == 0 {
			dst = append(dst, m.ref)
		}
	}
	return dst
}

// Idle reports whether nothing is open: every admitted message is settled and every parked one that came back too.
func (l *Ledger) Idle() bool { return l.messages.used() == 0 && l.writes.used() == 0 }

// Waiting is the number of deliveries that wait in memory for their next attempt, or for a response.
func (l *Ledger) Waiting() int { return len(l.timers) + l.awaits.used() }

// UnderWay is the number of writes and effects, and of acks that wait for them, that are not settled.
func (l *Ledger) UnderWay() int { return l.writes.used() + l.effects.used() }

// Open is the number of messages between the watermark and the head.
func (l *Ledger) Open() int { return l.order.len() }
