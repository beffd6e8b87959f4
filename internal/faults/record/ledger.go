package record

import (
	"context"
	"fmt"
	"os"
	"sync"
)

// Ledger knows what was sent and what was acknowledged. Its methods may be called from any goroutine.
type Ledger struct {
	Loose func(Message) bool // whose order is not promised; nil: nobody's

	log *os.File

	mu    sync.Mutex
	state []state
	acked int
	moved chan struct{} // closed when acked grows
	next  [Lanes]uint64
}

type state uint8

const (
	sent state = 1 << iota
	acknowledged
)

// Open makes a ledger with a log of its own.
func Open(path string) (*Ledger, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &Ledger{log: f, moved: make(chan struct{})}, nil
}

// Close closes the log.
func (l *Ledger) Close() error { return l.log.Close() }

// Next takes the next n messages of a sender and notes that they are sent. None is ever sent again.
func (l *Ledger) Next(sender, n int) []Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Message, n)
	for i := range all {
		all[i] = Message(l.next[sender]*Lanes + uint64(sender))
		l.next[sender]++
		for uint64(len(l.state)) <= uint64(all[i]) {
			l.state = append(l.state, 0)
		}
		l.state[all[i]] = sent
	}
	return all
}

// Acknowledge writes a batch, whose messages follow one another, to the log, and then counts it.
func (l *Ledger) Acknowledge(all []Message) error {
	if _, err := fmt.Fprintf(l.log, "%d %d\n", all[0], len(all)); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range all {
		l.state[m] |= acknowledged
	}
	l.acked += len(all)
	close(l.moved)
	l.moved = make(chan struct{})
	return nil
}

// Acked is how many messages are acknowledged.
func (l *Ledger) Acked() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acked
}

// Acknowledged are the messages that are.
func (l *Ledger) Acknowledged() []Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Message
	for i, s := range l.state {
		if s&acknowledged != 0 {
			all = append(all, Message(i))
		}
	}
	return all
}

// Await waits until n messages are acknowledged.
func (l *Ledger) Await(ctx context.Context, n int) error {
	for {
		l.mu.Lock()
		have, moved := l.acked, l.moved
		l.mu.Unlock()
		if have >= n {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
