package loop

import (
	"sync"
	"sync/atomic"
)

// note is one thing that another goroutine tells the loop.
type note struct {
	next   *note
	turn   *turn // a turn came back
	target int   // effects of this target were completed, or it has room again
	err    error // of a write
	kind   noteKind
	run    func() // anything else, run on the loop
}

type noteKind uint8

const (
	noteTurn noteKind = iota + 1
	noteEffect
	noteRoom
	noteWritten
	noteRun
)

var notes = sync.Pool{New: func() any { return new(note) }}

// inbox is a list that any goroutine pushes to without waiting and one takes from all at once. Pushing is one
// compare-and-swap, taking one swap, so that there is no lock on the path of a message.
type inbox struct {
	head atomic.Pointer[note]
	wake chan struct{} // holds one token: "look again"
}

func (b *inbox) push(n *note) {
	head := b.head.Load()
	for n.next = head; !b.head.CompareAndSwap(head, n); n.next = head {
		head = b.head.Load()
	}
	// Who pushes onto an empty list wakes the loop; later ones are taken along. n itself may be taken and reused by
	// now, so it is not looked at again.
	if head == nil {
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
}

// take gives what was pushed, in the order of pushing.
func (b *inbox) take() *note {
	var first *note
	for n := b.head.Swap(nil); n != nil; {
		next := n.next
		n.next = first
		first, n = n, next
	}
	return first
}

func (b *inbox) tell(n note) {
	p := notes.Get().(*note)
	*p = n
	b.push(p)
}
