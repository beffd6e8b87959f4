package tap

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// ErrMany says that no more taps may be open.
var ErrMany = errors.New("too many taps are open")

// Limits bound all taps of a wheel (A2).
type Limits struct {
	Open   int     // at once
	Buffer int64   // bytes of samples that wait, per tap
	Rate   float64 // samples a second, per tap
}

// Hub knows the open taps of a wheel. A nil Hub has none.
type Hub struct {
	limits Limits
	open   atomic.Pointer[[]*Tap] // nil when there is none

	mu   sync.Mutex // taps open and close
	gone Counts     // of taps that were closed
}

// New is a hub without a tap.
func New(l Limits) *Hub { return &Hub{limits: l} }

// Active reports whether anybody taps. It costs one atomic load.
func (h *Hub) Active() bool { return h != nil && h.open.Load() != nil }

// At calls each for every tap at a node, whatever output it is of.
func (h *Hub) At(kind, name string, each func(*Tap)) {
	open := h.open.Load()
	if open == nil {
		return
	}
	for _, t := range *open {
		if t.o.Node.Kind == kind && t.o.Node.Name == name {
			each(t)
		}
	}
}

// Options of a tap. Node is required.
type Options struct {
	Node    Node
	Key     []byte  // only messages with this key; nil: any
	Rate    float64 // samples a second; 0 or more than the limit means the limit
	Payload int     // bytes of a payload that are copied; the rest is cut off
}

// Open begins to tap. The error is [ErrMany].
func (h *Hub) Open(o Options) (*Tap, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []*Tap
	if open := h.open.Load(); open != nil {
		all = *open
	}
	if len(all) >= h.limits.Open {
		return nil, fmt.Errorf("%w: %d, which is limits.taps", ErrMany, h.limits.Open)
	}
	if o.Rate <= 0 || o.Rate > h.limits.Rate {
		o.Rate = h.limits.Rate
	}
	t := &Tap{hub: h, o: o, wake: make(chan struct{}, 1)}
	t.limit = rate.NewLimiter(rate.Limit(o.Rate), max(1, int(o.Rate)))
	all = append(slices.Clone(all), t)
	h.open.Store(&all)
	return t, nil
}

// Stats are what all taps together did since the start.
type Stats struct {
	Counts

	Open int `json:"open"`
}

// Stats may be called at any time.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := Stats{Counts: h.gone}
	if open := h.open.Load(); open != nil {
		s.Open = len(*open)
		for _, t := range *open {
			s.add(t.counts())
		}
	}
	return s
}

// Counts say what became of the messages that matched a tap.
type Counts struct {
	Taken   uint64 `json:"taken"`   // became samples
	Limited uint64 `json:"limited"` // left out by the rate
	Full    uint64 `json:"full"`    // left out since the queue was full
}

func (c *Counts) add(d Counts) {
	c.Taken += d.Taken
	c.Limited += d.Limited
	c.Full += d.Full
}

// Tap is one look at a node.
type Tap struct {
	hub   *Hub
	o     Options
	limit *rate.Limiter
	wake  chan struct{} // holds one token: there is something to take

	mu     sync.Mutex
	queue  []Sample
	bytes  int64
	tally  Counts
	closed bool
}

// Output is the output that is tapped; empty for the node itself.
func (t *Tap) Output() string { return t.o.Node.Output }

// Payload is how many bytes of a payload to copy.
func (t *Tap) Payload() int { return t.o.Payload }

// Takes reports whether a message that passes now becomes a sample: it has the key, and the rate allows it.
func (t *Tap) Takes(key []byte, now time.Time) bool {
	if t.o.Key != nil && !bytes.Equal(key, t.o.Key) {
		return false
	}
	if t.limit.AllowN(now, 1) {
		return true
	}
	t.mu.Lock()
	t.tally.Limited++
	t.mu.Unlock()
	return false
}

// Put queues a sample, unless the queue is full. It never blocks.
func (t *Tap) Put(s Sample) {
	weight := s.weight()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	if t.bytes+weight > t.hub.limits.Buffer {
		t.tally.Full++
		return
	}
	t.queue, t.bytes = append(t.queue, s), t.bytes+weight
	t.tally.Taken++
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// Wake gives a token when there is something to take.
func (t *Tap) Wake() <-chan struct{} { return t.wake }

// Take gives what waits, in order, and the counts so far.
func (t *Tap) Take() ([]Sample, Counts) {
	t.mu.Lock()
	defer t.mu.Unlock()
	queue := t.queue
	t.queue, t.bytes = nil, 0
	return queue, t.tally
}

func (t *Tap) counts() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tally
}

// Close ends the tap; it may be called again.
func (t *Tap) Close() {
	h := t.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	t.mu.Lock()
	closed := t.closed
	t.closed, t.queue = true, nil
	t.mu.Unlock()
	if closed {
		return
	}
	h.gone.add(t.counts())
	rest := slices.DeleteFunc(slices.Clone(*h.open.Load()), func(other *Tap) bool { return other == t })
	if len(rest) == 0 {
		h.open.Store(nil)
		return
	}
	h.open.Store(&rest)
}
