package session

import (
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/peltonhq/pelton/session/internal/record"
	"github.com/peltonhq/pelton/store"
)

// Limits of one append. A store that has to wait for its disk makes few large ones.
const (
	batchCount = 4096
	batchBytes = 4 << 20
)

// committer writes a session name's changes. It numbers them for the log of the name as it hands them to the store, and
// has one append there at a time: while that one becomes durable, the next gathers. So order in the store is order of
// seq, and a failed append has nothing behind it that could become durable first (S1).
//
// The next one is taken and handed over by the store's own goroutine, at the moment that the one before is durable: a
// store with a waiting append goes on without a pause, and what else waits there becomes durable with it. Then run
// publishes. Who has the append that is under way, run or the store, has the fields.
type committer struct {
	s        *Sessions
	seq      uint64 // of the last change that was handed over
	sessions uint64 // after it
	careful  int    // changes to be appended one by one, to find the one that the store refuses
	pause    *backoff.ExponentialBackOff
	done     chan answer
}

// part is one append.
type part struct {
	batch         []*change
	records       []store.Record
	seq, sessions uint64 // before it
	after         struct{ seq, sessions uint64 }
}

// answer is what came of an append, and the next one if that is with the store already.
type answer struct {
	err  error
	next *part
}

// answers is the most that can be unread: of the append that run waits for, and of the one that went on from it.
const answers = 2

func newCommitter(s *Sessions) *committer {
	return &committer{
		s: s, seq: s.counts.seq.Load(), sessions: s.counts.sessions.Load(), pause: newPause(), done: make(chan answer, answers),
	}
}

// run appends batches until the sessions are closed or the store failed for good. A durable batch is published while
// the next is being written.
func (c *committer) run() {
	var durable, under *part
	for {
		if under == nil && (durable == nil || !c.s.hub.gate.Busy()) { // what a follower is behind counts what is durable
			under = c.begin()
		}
		if durable != nil {
			c.publish(durable)
			durable = nil
			continue
		}
		if under == nil {
			select {
			case <-c.s.queue.work:
				continue
			case <-c.s.hub.gate.Moved:
				continue
			case <-c.s.ctx.Done():
				return
			}
		}
		a, open := c.wait(under)
		switch {
		case !open:
			return
		case a.err == nil:
			durable, under = under, a.next
		case final(a.err):
			c.s.fail(a.err)
			return
		default:
			c.refused(under, a.err)
			under = nil
		}
	}
}

// begin hands the next append to the store, nil if there is nothing to append.
func (c *committer) begin() *part {
	batch := c.take()
	if len(batch) == 0 {
		return nil
	}
	p := &part{batch: batch, seq: c.seq, sessions: c.sessions}
	p.records = c.records(batch)
	p.after.seq, p.after.sessions = c.seq, c.sessions
	c.append(p)
	return p
}

func (c *committer) take() []*change {
	count, bytes := batchCount, int64(batchBytes)
	if c.careful > 0 {
		count = 1
	}
	if c.s.hub.gate.Busy() {
		if !c.s.queue.waits() { // what comes now is asked for when its word comes
			return nil
		}
		count, bytes = c.s.hub.gate.Room(count, bytes)
	}
	if count == 0 || bytes == 0 { // a follower holds
		return nil
	}
	batch := c.s.queue.batch(count, bytes)
	c.careful -= min(len(batch), c.careful)
	return batch
}

// final reports whether no later append can succeed.
func final(err error) bool {
	return errors.Is(err, store.ErrFailed) || errors.Is(err, store.ErrFenced) || errors.Is(err, store.ErrClosed)
}

func (c *committer) append(p *part) {
	c.s.o.Store.AppendAsync(c.s.token, p.records, func(_ store.Pos, err error) {
		a := answer{err: err}
		if err == nil && len(c.done) == 0 && c.s.ctx.Err() == nil && !c.s.hub.gate.Busy() { // else run has to catch up
			a.next = c.begin()
		}
		c.done <- a
	})
}

// wait is the outcome of the append. While the store is full it waits for room and appends the same again, so that
// order stays (E2). open is false when the sessions were closed meanwhile.
func (c *committer) wait(p *part) (a answer, open bool) {
	for {
		select {
		case a = <-c.done:
		case <-c.s.ctx.Done():
			return a, false
		}
		if !errors.Is(a.err, store.ErrFull) {
			if c.s.counts.full.Load() != nil {
				c.s.counts.full.Store(nil)
				c.pause.Reset()
			}
			return a, true
		}
		c.s.counts.retries.Add(1)
		if !c.room(a.err) {
			return a, false
		}
		c.append(p)
	}
}

// room waits until the store has some.
func (c *committer) room(err error) bool {
	why := err.Error()
	reason, room := c.s.o.Store.Full()
	if reason != "" {
		why = "store: " + reason
	}
	c.s.counts.full.Store(&why)
	var rest <-chan time.Time
	if room == nil { // there is room again already; a pause, in case the two disagree
		t := time.NewTimer(c.pause.NextBackOff())
		defer t.Stop()
		rest = t.C
	}
	select {
	case <-room:
	case <-rest:
	case <-c.s.ctx.Done():
		return false
	}
	return true
}

// refused handles an append that this store will never make, and others perhaps. Everything ahead of the store is
// taken back and computed again, then appended one by one, so that only the effect at fault is given up.
func (c *committer) refused(p *part, err error) {
	c.s.counts.rolled.Add(1)
	c.seq, c.sessions = p.seq, p.sessions
	if len(p.batch) == 1 {
		ch := p.batch[0]
		c.s.queue.settle(p.batch, err)
		ch.shard.refuse(ch.item, err)
	} else {
		c.careful = len(p.batch)
	}
	c.s.queue.rollback()
}

// records numbers a batch and makes one atomic append of it: each snapshot with its place in the log, the marks (S2), and the
// new heads. It moves the committer's numbers behind the batch. Entries of the log come first: keys that ascend are the
// cheapest to put into a memtable while no other comes between them.
func (c *committer) records(batch []*change) []store.Record {
	k := &c.s.book.Keys
	logs := make([]store.Record, 0, 3*len(batch)+2)
	records := make([]store.Record, 0, 2*len(batch)+2)
	log := func(p record.Pointer) {
		logs = append(logs, store.Record{Op: store.Put, Key: k.Log(c.seq), Value: p.Encode()})
	}
	put := func(key, value []byte) {
		records = append(records, store.Record{Op: store.Put, Key: key, Value: value})
	}
	heads := make(map[*session]*change, len(batch))
	var marks store.Marks
	sessions := c.sessions
	for _, ch := range batch {
		key := ch.item.key
		for snap := range ch.snaps {
			c.number(ch)
			snap.Seq = c.seq
			log(record.Pointer{Epoch: ch.after.life, ID: snap.ID, Key: key})
			put(k.Snapshot(key, ch.after.life, snap.ID), record.EncodeSnapshot(snap, ch.made))
			if snap.ID == 1 {
				c.sessions++
				records = c.born(records, ch)
			}
			heads[ch.session] = ch
		}
		if ch.after.gone {
			c.number(ch)
			log(record.Pointer{Gone: true, Epoch: ch.after.life, ID: ch.after.id, Key: key})
			records = c.deletion(records, ch)
		}
		switch mark := ch.item.effect.Mark; {
		case len(mark) == 0:
		case ch.item.ask != nil:
			put(mark, ch.place())
		default:
			marks.Add(mark)
		}
		if ch.stream != nil {
			st := *ch.stream
			st.Epoch = ch.after.life
			put(k.Stream(key), record.EncodeStream(&st))
		}
		if ch.producer != nil {
			put(k.Producer(key, ch.producer.ID), record.EncodeProducer(*ch.producer))
		}
	}
	for _, ch := range batch {
		if heads[ch.session] == ch {
			put(k.Head(ch.item.key), ch.place())
		}
	}
	records = marks.Records(records)
	if sessions != c.sessions {
		put(k.Name, record.Name{Epoch: c.s.epoch, Count: c.sessions}.Encode())
	}
	return append(logs, records...)
}

// number gives a change the next place in the log of the name.
func (c *committer) number(ch *change) {
	c.seq++
	ch.after.seq = c.seq
}

// born removes what told of the session's life before.
func (c *committer) born(records []store.Record, ch *change) []store.Record {
	if ch.buried == 0 {
		return records
	}
	return append(records,
		store.Record{Op: store.Delete, Key: c.s.book.Keys.Tombstone(ch.item.key)}, store.Record{Op: store.Delete, Key: c.s.book.Keys.Log(ch.buried)})
}

// place is what a head, a tombstone and a client's id hold.
func (ch *change) place() []byte {
	return record.Place{Epoch: ch.after.life, ID: ch.after.id, Seq: ch.after.seq}.Encode()
}

// deletion adds what ends a session: a tombstone instead of head, snapshots, their log, and what it has of its clients.
func (c *committer) deletion(records []store.Record, ch *change) []store.Record {
	k, key := &c.s.book.Keys, ch.item.key
	life, ids, producers := k.Life(key, ch.after.life), k.IDs(key), k.Producers(key)
	if ch.after.id > 0 {
		c.sessions--
	}
	if ch.buried != 0 {
		records = append(records, store.Record{Op: store.Delete, Key: k.Log(ch.buried)})
	}
	records = append(records,
		store.Record{Op: store.Put, Key: k.Tombstone(key), Value: ch.place()},
		store.Record{Op: store.Delete, Key: k.Head(key)},
		store.Record{Op: store.DeleteRange, Key: life, End: store.PrefixEnd(life)},
		store.Record{Op: store.DeleteRange, Key: ids, End: store.PrefixEnd(ids)},
		store.Record{Op: store.Delete, Key: k.Stream(key)},
		store.Record{Op: store.DeleteRange, Key: producers, End: store.PrefixEnd(producers)})
	for _, log := range ch.doomed {
		records = append(records, store.Record{Op: store.Delete, Key: log})
	}
	return records
}

// publish shows a durable batch to followers, then reports it to the senders, then to the shards (S4).
func (c *committer) publish(p *part) {
	if p == nil {
		return
	}
	s, batch := c.s, p.batch
	s.counts.seq.Store(p.after.seq)
	s.counts.sessions.Store(p.after.sessions)
	s.hub.publish(s.epoch, batch)
	var made, size int64
	for _, ch := range batch {
		it := ch.item
		if ch.snap != nil {
			made += int64(len(ch.before)) + 1
		}
		if it.ask != nil {
			it.ask.snap = ch.snap
		}
		size += it.size
		it.to.Complete(it.effect.Token, nil)
	}
	s.counts.made.Add(uint64(made))
	s.queue.settle(batch, nil)
	s.queue.release(len(batch), size)
}
