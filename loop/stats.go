package loop

import (
	"fmt"
	"slices"
	"sync"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/delivery"
)

// Stats are a lane's figures, at most a tenth of a second old while anything is open.
type Stats struct {
	Lane      pelton.LaneID
	Position  uint64 // where the reader is
	Watermark uint64 // durable: everything before it is settled
	Open      int    // messages between watermark and head
	Waiting   int    // deliveries that wait in memory for their next attempt
	Ended     bool   // the source is at its end
	Idle      bool   // nothing is open, and what is settled is durable
	Paused    string // why the source is paused; empty when it is not
	Wait      string // the same in a word: one of Waits
	Failure   string // why the loop is over
	Counts    delivery.Counts
	Decoded   decode.Stats
	Plugins   []Queue
	Flight    []int // effects with each target
}

// Queue is what waits for one plugin.
type Queue struct {
	Pending int    // deliveries not offered yet
	Behind  int    // messages parked behind keys that wait
	Halted  string // why it is offered nothing after the last attempt of a message (retry.then: stop); else empty
}

// Waits are the words of Stats.Wait.
func Waits() []string {
	return []string{
		"store", "target", delivery.WaitPaused, delivery.WaitStopped, delivery.WaitBehind, delivery.WaitRequests, delivery.WaitOutput, "queue",
		"window", "plugin", "arena",
	}
}

// board shows the figures to whoever asks. The loop writes the next ones beside those that are shown and changes the two, so
// that nobody waits for longer than a copy takes, and nothing is made anew.
type board struct {
	mutex sync.Mutex
	shown Stats // only the loop changes it, so it looks at it without the mutex
	next  Stats // the loop's
}

func (b *board) show() {
	b.mutex.Lock()
	b.shown, b.next = b.next, b.shown
	b.mutex.Unlock()
}

// Stats is the newest copy of the figures.
func (l *Loop) Stats() Stats {
	b := &l.figures
	b.mutex.Lock()
	defer b.mutex.Unlock()
	s := b.shown
	s.Counts, s.Plugins, s.Flight = s.Counts.Copy(), slices.Clone(s.Plugins), slices.Clone(s.Flight)
	return s
}

// publish makes a copy of the figures for others to read: when the loop comes to rest, and often enough under load.
func (l *Loop) publish(final bool) {
	idle := l.ledger.Idle() && l.journal.idle() && l.durable >= l.ledger.Watermark() && len(l.ring.full) == 0
	before := &l.figures.shown
	// That a lane rests is told at once. That it is busy again may be told late, but for one that is at its end, whose rest
	// others wait for.
	rests := idle && l.busy
	l.busy = !idle
	same := !rests && (idle == before.Idle || !l.ended) && l.ended == before.Ended && (l.failure != nil) == (before.Failure != "")
	if !final && same && l.now.Sub(l.published) < fresh {
		l.stale = true
		return
	}
	l.published, l.stale = l.now, false
	s := &l.figures.next
	plugins := s.Counts.Plugins[:0]
	plugins = append(plugins, l.ledger.Counts.Plugins...)
	*s = Stats{
		Lane: l.o.ID, Watermark: l.durable, Open: l.ledger.Open(), Waiting: l.ledger.Waiting(), Ended: l.ended, Idle: idle,
		Counts: l.ledger.Counts, Decoded: l.decoder.Stats(), Position: l.ledger.Head(), Plugins: s.Plugins[:0], Flight: s.Flight[:0],
	}
	s.Counts.Plugins = plugins
	s.Wait, s.Paused = l.paused()
	if l.failure != nil {
		s.Failure = l.failure.Error()
	}
	for p := range l.o.Plugins {
		s.Plugins = append(s.Plugins, Queue{Pending: l.ledger.Pending(p), Behind: l.ledger.Behind(p), Halted: l.ledger.Halted(p)})
	}
	for t := range l.gates {
		s.Flight = append(s.Flight, l.gates[t].flight)
	}
	l.figures.show()
}

// paused says why the reader can't go on: the ring is full, or it waits for the arena.
func (l *Loop) paused() (kind, why string) {
	if l.ended || !l.ring.blocked.Load() && (l.ledger.Open() == 0 || l.o.Arena.Stats().Waiting == 0) {
		return "", ""
	}
	if reason := l.storeFull(); reason != "" {
		return "store", "store: " + reason
	}
	for t := range l.gates {
		if l.gates[t].closed {
			return "target", fmt.Sprintf("%s takes no more: its buffer is full", l.o.Graph.Targets[t])
		}
	}
	for p := range l.o.Plugins {
		if kind, why := l.ledger.Stopped(p); why != "" {
			return kind, fmt.Sprintf("plugin/%s: %s", l.o.Graph.Plugins[p].Name, why)
		}
	}
	for p, n := range l.nests {
		if n != nil && n.full {
			return "queue", fmt.Sprintf("plugin/%s: limits.queue reached: its readers are behind", l.o.Graph.Plugins[p].Name)
		}
	}
	return l.slowest()
}

// storeFull says why nothing can be made durable, whether this lane's appends or those of its targets found it out.
func (l *Loop) storeFull() string {
	if l.journal.full != "" {
		return l.journal.full
	}
	if reason, _ := l.o.Store.Full(); reason != "" {
		return reason
	}
	if !l.journal.room() {
		return "it is behind with this lane's records"
	}
	return ""
}

// slowest names the plugin that most deliveries wait for.
func (l *Loop) slowest() (kind, why string) {
	most, name := 0, ""
	for p := range l.o.Plugins {
		if n := l.ledger.Pending(p); n > most {
			most, name = n, l.o.Graph.Plugins[p].Name
		}
	}
	switch {
	case l.ledger.Full():
		return "window", "window full: too many messages wait to be settled"
	case name != "":
		return "plugin", fmt.Sprintf("plugin/%s is behind: %d deliveries wait for it", name, most)
	}
	return "arena", "arena full"
}
