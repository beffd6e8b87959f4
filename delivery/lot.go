package delivery

import (
	"slices"
	"time"

	"github.com/peltonhq/pelton"
)

// write is what happens once a Write is durable.
type write struct {
	message int32 // whose delivery is settled by it; 0 for none
	ack     int32 // whose effect is settled by it; 0 for none
	plugin  int32 // of the delivery, -1 for none
	kind    WriteKind
	behind  bool            // it is a record behind a key's head
	frees   bool            // the key goes on
	hash    uint64          // of the key
	parks   bool            // it holds its position's place in the lot until it is durable
	owed    bool            // it gives up the place in the lot that a record of what was owed held
	leaves  pelton.EffectID // record that it removes
}

// Blocked is a key whose head stands in the parking lot at start.
type Blocked struct {
	Plugin string
	Hash   uint64
	Head   pelton.MessageID
	Count  int  // records, the head among them
	Behind bool // the first has no due time: it was behind a head that is settled, and is next
}

// Fetch asks for the first record in the parking lot of a key, which is next.
type Fetch struct {
	Plugin int
	Hash   uint64
}

// Arrival is a record that came out of the parking lot.
type Arrival struct {
	Ref    pelton.Ref
	Record *Record
	// Known are the deliveries and effects of the record's position that are durable: marks of the lot, and other
	// parked and dead records.
	Known []pelton.EffectID
	// Decided is the verdict that settles a held delivery from outside; nil to offer it again.
	Decided *Decision
	Now     time.Time
}

func (l *Ledger) write(w write, out Write) {
	w.kind = out.Kind
	if w.parks {
		l.enterLot(out.Record.ID.Message.Position, nil)
	}
	out.Token = uint64(l.writes.take(w))
	l.pending = append(l.pending, out)
}

// Writes gives out, once and in order, the records that must become durable.
func (l *Ledger) Writes(dst []Write) []Write {
	dst = append(dst, l.pending...)
	clear(l.pending)
	l.pending = l.pending[:0]
	return dst
}

// Fetches gives out, once, the keys whose next record is to come out of the parking lot.
func (l *Ledger) Fetches(dst []Fetch) []Fetch {
	dst = append(dst, l.fetches...)
	l.fetches = l.fetches[:0]
	return dst
}

// record describes the delivery as it stands, to be parked or given up.
func (l *Ledger) record(item *Item, d *Decision, kind Kind) *Record {
	m := l.messages.at(item.message)
	r := &Record{Kind: kind, Attempt: item.Attempt, Defers: item.Defers, First: item.first(), Revision: d.Revision}
	if m.lot != nil {
		*r = *m.lot
		r.Kind, r.Attempt, r.Defers, r.Revision = kind, item.Attempt, item.Defers, d.Revision
		if r.First.IsZero() {
			r.First = item.first()
		}
	}
	r.ID = l.id(item.message).To(l.target(int(item.plugin)))
	if l.plugins[item.plugin].spec.Policy.ByKey && !item.free {
		r.Hash = m.hash
	}
	return r
}

// park puts the delivery into the parking lot; once that is durable it is settled here (D1) and leaves the arena.
func (l *Ledger) park(item *Item, r *Record) {
	i := item.message
	m := l.messages.at(i)
	w := write{message: i, plugin: item.plugin, hash: r.Hash, parks: true}
	switch {
	case l.displaced(item) != nil && r.Hash != 0:
		w.behind = true
	case r.Hash != 0:
		b := l.block(item)
		if b != nil {
			b.out = false
		}
		if b != nil && !b.lot {
			b.lot = true
			l.parkAll(b, r, w)
			return
		}
	case m.lot != nil && m.lot.Hash != 0:
		w.frees, w.hash = true, m.lot.Hash
	}
	l.write(w, l.parked(i, r))
}

// parkAll parks the head of a key and everything that waited behind it in memory, in order.
func (l *Ledger) parkAll(b *block, r *Record, w write) {
	l.write(w, l.parked(w.message, r))
	for b.behind.len() > 0 {
		l.parkBehind(int(w.plugin), &l.plugins[w.plugin], b, b.behind.popFront())
	}
}

func (l *Ledger) parkBehind(plugin int, s *subscriber, b *block, item Item) {
	r := l.record(&item, &Decision{}, KindBehind)
	b.parked++
	s.behind++
	l.write(write{message: item.message, plugin: int32(plugin), hash: r.Hash, behind: true, parks: true}, l.parked(item.message, r))
}

func (l *Ledger) parked(i int32, r *Record) Write {
	m := l.messages.at(i)
	return Write{Kind: WritePark, Record: r, Ref: m.ref, Parked: m.lot != nil, Marks: l.marked(r.ID)}
}

// marked are the durable effects of a delivery whose marks would go when the watermark passes it.
func (l *Ledger) marked(id pelton.EffectID) []pelton.EffectID {
	var ids []pelton.EffectID
	for _, known := range l.known[id.Message.Position] {
		if descends(known.Message, id) {
			ids = append(ids, known)
		}
	}
	return ids
}

// descends reports whether the message was emitted by the delivery, or by a descendant of it.
func descends(m pelton.MessageID, delivery pelton.EffectID) bool {
	prefix := delivery.Message.Path
	if prefix != "" {
		prefix += "/"
	}
	prefix += delivery.Target.Name + "#"
	return m.Position == delivery.Message.Position && len(m.Path) > len(prefix) && m.Path[:len(prefix)] == prefix
}

// dead makes the delivery a dead letter; once that is durable it is settled.
func (l *Ledger) dead(item *Item, d *Decision, why string, now time.Time) {
	l.Counts.Plugins[item.plugin].Dead++
	r := l.record(item, d, KindDelivery)
	r.Reason, r.Failed, r.Due = why, now, time.Time{}
	m := l.messages.at(item.message)
	w := write{message: item.message, plugin: item.plugin, hash: m.hash, frees: item.head, parks: true}
	l.write(w, Write{
		Kind: WriteDead, Record: r, Ref: m.ref, Parked: m.lot != nil, Marks: l.marked(r.ID),
	})
}

// remove takes the record of a settled delivery out of the parking lot.
func (l *Ledger) remove(i int32) {
	m := l.messages.at(i)
	alone, leaving := l.lots[m.position].leave(m.lot.ID)
	l.write(write{message: i, plugin: l.plugin(m.lot.ID.Target), hash: m.lot.Hash, frees: m.lot.Hash != 0, leaves: m.lot.ID}, Write{
		Kind: WriteRemove, Record: m.lot, Parked: true,
		Settle: m.position >= l.passed && *m.lane == l.lane,
		Alone:  alone, Leaving: leaving,
	})
}

// plugin is the index of a target that is a configured plugin, or -1.
func (l *Ledger) plugin(t pelton.Target) int32 {
	for p := range l.graph.Plugins {
		if t.Kind == pelton.TargetPlugin && l.graph.Plugins[p].Name == t.Name {
			return int32(p)
		}
	}
	return -1
}

// Written notes that a Write is durable.
func (l *Ledger) Written(token uint64) {
	w := *l.writes.at(int32(token))
	l.writes.give(int32(token))
	if w.kind == WriteState {
		l.committed(w.ack)
		return
	}
	if w.ack != 0 {
		l.finished(w.ack)
		return
	}
	id := l.id(w.message)
	if w.kind == WriteRemove {
		l.lots[id.Position].left(w.leaves)
	}
	if w.kind != WriteRemove && w.plugin >= 0 {
		l.unlend(w.message)
	}
	if w.owed { // before its parent may settle, which looks whether it is alone
		l.leaveLot(id.Position)
	}
	l.settle(w.message)
	if w.parks {
		l.leaveLot(id.Position)
	}
	if b := l.blockOf(w); b != nil {
		l.landed(int(w.plugin), b, w, id)
	}
	if b := l.blockOf(w); b != nil && w.frees && b.head == id {
		l.unblock(int(w.plugin), w.hash)
	}
	if w.plugin >= 0 {
		l.plugins[w.plugin].blocked.rest(w.hash)
	}
}

func (l *Ledger) blockOf(w write) *block {
	if w.plugin < 0 {
		return nil
	}
	return l.plugins[w.plugin].blocked.at(w.hash)
}

// landed takes a record that is behind a key's head into the account once its write is durable.
func (l *Ledger) landed(plugin int, b *block, w write, id pelton.MessageID) {
	_, held := b.hands[id]
	delete(b.hands, id)
	switch {
	case w.behind:
		b.durable++
	case held: // it left the line
		b.parked--
		l.plugins[plugin].behind--
	default:
		return
	}
	if b.next {
		l.fetch(plugin, w.hash, b)
	}
}

func (b *block) hold(id pelton.MessageID) {
	if b.hands == nil {
		b.hands = map[pelton.MessageID]struct{}{}
	}
	b.hands[id] = struct{}{}
}

// behindHead reports whether the record has a head before it in line.
func (b *block) behindHead(id pelton.MessageID) bool {
	return b.head.Lane.Valid() && b.head.Before(id)
}

// ends reports whether the decision is the delivery's last.
func ends(d *Decision) bool {
	return d.Fault == "" && (d.Verdict.Decision == pelton.DecisionAck || d.Verdict.Decision == pelton.DecisionDead)
}

// displace puts a head that came out of the lot behind the one that has come before it in line (D3).
func (l *Ledger) displace(item *Item) {
	r := l.messages.at(item.message).lot
	behind := *r
	behind.Kind, behind.Due = KindBehind, time.Time{}
	l.write(write{message: item.message, plugin: item.plugin, hash: r.Hash, behind: true, parks: true}, l.parked(item.message, &behind))
}

// fetch asks for the record behind a head that is settled; with none behind it the key is free.
func (l *Ledger) fetch(plugin int, hash uint64, b *block) {
	switch {
	case b.parked == 0:
		l.plugins[plugin].blocked.forget(hash)
	case b.durable == 0 || len(b.hands) > 0:
		b.next, b.head, b.out = true, pelton.MessageID{}, false
	default:
		b.next, b.head, b.out = false, pelton.MessageID{}, false
		b.parked--
		b.durable--
		l.plugins[plugin].behind--
		l.fetches = append(l.fetches, Fetch{Plugin: plugin, Hash: hash})
	}
}

func (l *Ledger) restore(o Blocked) {
	for p := range l.graph.Plugins {
		if l.graph.Plugins[p].Name != o.Plugin {
			continue
		}
		behind := o.Count - 1
		if o.Behind {
			behind = o.Count
		}
		b := &block{lot: true, parked: behind, durable: behind, head: o.Head}
		l.plugins[p].blocked.make(o.Hash, b)
		l.plugins[p].behind += behind
		if o.Behind {
			l.fetch(p, o.Hash, b)
		}
		l.plugins[p].blocked.rest(o.Hash)
	}
}

// Arrive takes a record that came out of the parking lot: due, fetched, replayed, released or settled from outside. It
// leaves the lot only with its next decision (D1).
//
// false: it came too early after a restart, and is back in the lot as it was. Its reference is the caller's again, and
// [Ledger.Again] says when to bring it once more.
func (l *Ledger) Arrive(a Arrival) bool {
	r := a.Record
	if r.Kind == KindOwed {
		l.resume(a)
		return true
	}
	if a.Decided == nil && l.early(r) && l.expect(r) {
		l.late = append(l.late, r.ID)
		return false
	}
	m := message{lane: &r.ID.Message.Lane, ref: a.Ref, position: r.ID.Message.Position, path: r.ID.Message.Path, hash: r.Hash, lot: r, parked: true, open: 1, lent: 1}
	i := l.messages.take(m)
	l.enterLot(m.position, a.Known)
	if r.ID.Target.Kind != pelton.TargetPlugin {
		l.replayEffect(i, r)
		return true
	}
	p := l.plugin(r.ID.Target)
	if p < 0 { // of a plugin that is no longer configured: it stays in the lot
		l.unlend(i)
		l.settle(i)
		return true
	}
	s := &l.plugins[p]
	item := Item{message: i, plugin: p, Ref: a.Ref, Attempt: r.Attempt + 1, Defers: r.Defers, head: r.Hash != 0 && s.spec.Policy.ByKey, hash: r.Hash}
	if !r.First.IsZero() {
		item.First = r.First.UnixNano()
	}
	switch r.Kind {
	case KindDefer, KindBehind, KindPause:
		item.Attempt = max(r.Attempt, 1)
	case KindReplay:
		item.Attempt, item.Defers = 1, 0
	default: // another attempt
	}
	if !item.head || l.line(s, &item, a) {
		l.back(item, a.Decided, a.Now)
	}
	return true
}

// expect makes a record that came too early the head of its key, while it lies in the lot. false when it is not the
// head: then it goes behind the one that is, now.
func (l *Ledger) expect(r *Record) bool {
	p := l.plugin(r.ID.Target)
	if p < 0 || !l.plugins[p].spec.Policy.ByKey {
		return false
	}
	b := l.plugins[p].blocked.at(r.Hash)
	if b == nil {
		b = l.plugins[p].blocked.make(r.Hash, &block{lot: true})
	}
	if b.behindHead(r.ID.Message) {
		return false
	}
	b.head, b.out, b.next = r.ID.Message, false, false
	return true
}

// Again gives out, once, the records that came too early and are to be brought again.
func (l *Ledger) Again(dst []pelton.EffectID) []pelton.EffectID {
	dst = append(dst, l.again...)
	l.again = l.again[:0]
	return dst
}

// back offers a record again, or carries out the decision that came from outside.
func (l *Ledger) back(item Item, decided *Decision, now time.Time) {
	r := l.messages.at(item.message).lot
	s := &l.plugins[item.plugin]
	if decided != nil {
		item.Attempt = r.Attempt
		l.decide(&item, decided, now)
		return
	}
	if int(item.Attempt) > s.spec.Policy.Attempts { // a lease that ended on the last attempt
		item.Attempt = r.Attempt
		l.exhausted(&item, &Decision{Revision: r.Revision}, "the lease of its hold ended", now)
		return
	}
	s.back[s.instance(r.Hash, r.ID.Message.Position)].pushBack(item)
}

// line gives the record its place in its key's line: the head, or behind the one that has come before it. false when
// it goes back into the lot.
func (l *Ledger) line(s *subscriber, item *Item, a Arrival) bool {
	id := a.Record.ID.Message
	b := s.blocked.at(a.Record.Hash)
	if b == nil {
		b = s.blocked.make(a.Record.Hash, &block{lot: true})
	}
	if !b.behindHead(id) {
		b.head, b.out, b.next = id, true, false
		return true
	}
	b.durable--
	b.hold(id)
	if a.Decided == nil || !ends(a.Decided) {
		l.displace(item)
		return false
	}
	item.head = false
	return true
}

// early reports whether the lane, after a restart, has not come as far again as it was when the record was parked:
// messages that were before it in its key's line may be on their way again.
func (l *Ledger) early(r *Record) bool {
	return l.known != nil && r.Hash != 0 && r.ID.Message.Lane == l.lane && l.watermark <= r.ID.Message.Position &&
		slices.Contains(l.known[r.ID.Message.Position], r.ID)
}

// catchUp calls for the records that came too early, as far as the lane has come now.
func (l *Ledger) catchUp() {
	waiting := l.late[:0]
	for _, id := range l.late {
		if l.known != nil && l.watermark <= id.Message.Position {
			waiting = append(waiting, id)
		} else {
			l.again = append(l.again, id)
		}
	}
	l.late = waiting
}

// Waits tells that the record that is next in a key's line has a due time of its own, which has not come, or came too
// early and will come again.
func (l *Ledger) Waits(f Fetch, id pelton.MessageID) {
	if b := l.plugins[f.Plugin].blocked.at(f.Hash); b != nil && !b.head.Lane.Valid() {
		b.head = id
	}
}

// Dropped tells that a record was removed from the parking lot from outside: if it was the head of its key, the key goes
// on.
func (l *Ledger) Dropped(id pelton.EffectID) {
	p := l.plugin(id.Target)
	if p < 0 {
		return
	}
	if hash, ok := l.plugins[p].blocked.headed(id.Message); ok {
		l.unblock(int(p), hash)
	}
}

// replayEffect sends a dead effect to its target again, and to nothing else (E2).
func (l *Ledger) replayEffect(i int32, r *Record) {
	l.unlend(i)
	for t, target := range l.graph.Targets {
		if target == r.ID.Target && !slices.Contains(l.lots[r.ID.Message.Position].known, r.ID) {
			k := l.acks.take(acked{message: i, plugin: -1, left: 1})
			e := pelton.Effect{Key: r.Key, Payload: r.Payload, ContentType: r.ContentType, Revision: r.Revision, Time: r.Time, Trace: r.Trace}
			e.ID = r.ID
			l.send(k, t, &e)
			l.finished(k)
			return
		}
		if target == r.ID.Target { // durable since before a restart: only its record is left
			l.remove(i)
			return
		}
	}
	l.settle(i)
}
