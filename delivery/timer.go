package delivery

import (
	"container/heap"
	"time"
)

// timers are the deliveries that wait in memory, by due time and, at the same time, in the order of their decisions.
type timers []timer

type timer struct {
	due  time.Time
	n    uint64
	item Item
}

func (t timers) Len() int { return len(t) }
func (t timers) Less(i, j int) bool {
	if t[i].due.Equal(t[j].due) {
		return t[i].n < t[j].n
	}
	return t[i].due.Before(t[j].due)
}
func (t timers) Swap(i, j int) { t[i], t[j] = t[j], t[i] }

// Push is for container/heap alone.
func (t *timers) Push(v any) { *t = append(*t, v.(timer)) }

// Pop is for container/heap alone.
func (t *timers) Pop() any {
	old := *t
	last := old[len(old)-1]
	*t = old[:len(old)-1]
	return last
}

// Due is the time of the next delivery that waits in memory; false when none does.
func (l *Ledger) Due() (time.Time, bool) {
	if len(l.timers) == 0 {
		return time.Time{}, false
	}
	return l.timers[0].due, true
}

// Tick makes what is due by now ready to be offered again, never early.
func (l *Ledger) Tick(now time.Time) {
	for len(l.timers) > 0 && !l.timers[0].due.After(now) {
		t := heap.Pop(&l.timers).(timer)
		l.requeue([]Item{t.item})
	}
}

func (l *Ledger) wait(item Item, due time.Time) {
	l.ticket++
	heap.Push(&l.timers, timer{due: due, n: l.ticket, item: item})
	if m := l.messages.at(item.message); m.flight == 0 && m.ref.Valid() {
		l.moves = append(l.moves, m.ref)
	}
}
