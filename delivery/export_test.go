package delivery

import (
	"fmt"
	"strings"

	"github.com/peltonhq/pelton"
)

// PluginOf is the index of the plugin that an item is for.
func PluginOf(i Item) int { return int(i.plugin) }

// IDOf is the delivery's identity.
func IDOf(l *Ledger, i Item) pelton.EffectID { return l.id(i.message).To(l.target(int(i.plugin))) }

// InstanceOf is the instance that an item is pinned to.
func InstanceOf(l *Ledger, i Item) int {
	m := l.messages.at(i.message)
	s := &l.plugins[i.plugin]
	q := s.queue(m.hash, m.position)
	for n := range s.pending {
		if &s.pending[n] == q {
			return n
		}
	}
	return -1
}

// Replayed reports whether the item is a dead letter on its way back, or let its key go on: it has no order to keep.
func Replayed(l *Ledger, i Item) bool {
	m := l.messages.at(i.message)
	return i.free || m.lot != nil && m.lot.Hash == 0
}

// Describe tells what holds the ledger up.
func Describe(l *Ledger) string {
	var s strings.Builder
	fmt.Fprintf(&s, "watermark %d horizon %d late %d writes %d fetches %d acks %d\n", l.watermark, l.horizon, len(l.late), l.writes.used(), len(l.fetches), l.acks.used())
	for _, a := range l.late {
		fmt.Fprintf(&s, "  late %v\n", a)
	}
	for p := range l.plugins {
		fmt.Fprintf(&s, " %s pending %d behind %d waiting %d\n", l.graph.Plugins[p].Name, l.Pending(p), l.plugins[p].behind, l.plugins[p].waiting)
		for q := range l.plugins[p].pending {
			switch line := &l.plugins[p].pending[q]; {
			case line.again.len() > 0:
				fmt.Fprintf(&s, "  first, again %v\n", l.id(line.again.at(0).message))
			case line.fresh.len() > 0:
				fmt.Fprintf(&s, "  first %v\n", l.id(int32(*line.fresh.at(0))))
			}
		}
		for hash, b := range l.plugins[p].blocked.awake {
			fmt.Fprintf(&s, "  blocked %d lot %v behind %d parked %d durable %d next %v hands %d head %v\n", hash, b.lot, b.behind.len(), b.parked, b.durable, b.next, len(b.hands), b.head)
		}
	}
	for i := 0; i < l.order.len(); i++ {
		m := l.messages.at(int32(*l.order.at(i)))
		fmt.Fprintf(&s, "  message %d open %d lent %d flight %d\n", m.position, m.open, m.lent, m.flight)
	}
	return s.String()
}
