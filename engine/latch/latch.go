// Package latch admits one act at a time to what it guards, and refuses a second one at once, while short notes wait.
//
// A swap is an act: another swap of the same plugin is told to come again. What a health window found out in the end is a
// note: it is written behind the act under way, and no act is refused because one is being written just then.
package latch

// Latch guards what acts and notes change. [New] makes one.
type Latch struct {
	act, state chan struct{} // full while there is one
}

// New is an open latch.
func New() Latch { return Latch{make(chan struct{}, 1), make(chan struct{}, 1)} }

// TryLock begins an act; false if another one is under way. A note that is being written is waited for.
func (l Latch) TryLock() bool {
	select {
	case l.act <- struct{}{}:
		l.state <- struct{}{}
		return true
	default:
		return false
	}
}

// Lock begins an act when the one under way is over.
func (l Latch) Lock() {
	l.act <- struct{}{}
	l.state <- struct{}{}
}

// Unlock ends an act.
func (l Latch) Unlock() {
	<-l.state
	<-l.act
}

// Note begins a note when the act under way is over; what it returns ends the note.
func (l Latch) Note() (end func()) {
	l.state <- struct{}{}
	return func() { <-l.state }
}
