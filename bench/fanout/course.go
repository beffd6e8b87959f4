package fanout

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton/bench/measure"
)

// window is how many messages of a peer are in flight at most.
const window = 1024

// course is what a contestant has to do.
type course struct {
	handlers int
	size     int           // bytes of a message; at least 8
	span     time.Duration // of the measured part
	rate     int           // messages per second; 0 for as fast as it goes
}

// result is what a run came to.
type result struct {
	measure.Usage

	messages  int
	latencies []time.Duration // of each paced message, from produced to told; sorted
}

func (r *result) deliveries(handlers int) float64 { return float64(r.messages * handlers) }

// race is one run of a contestant over a course.
type race struct {
	course

	template []byte
	tallies  []tally
	slots    []slot
	told     atomic.Uint64 // messages that all handlers acked, as the producer knows
	waiting  atomic.Bool
	wake     chan struct{}
	sent     uint64
	since    []time.Time // when each message of the measured part was produced
	until    []time.Time // when it was told
	first    uint64      // the first of them
	result   result
}

// tally is one handler's; on cache lines of its own.
type tally struct {
	count, sum uint64
	last       byte
	_          [104]byte
}

// slot is the account of one message of a peer in flight.
type slot struct {
	left atomic.Int32 // acks that are missing
	_    [60]byte
}

// contestant carries messages: open builds everything, calls produce when it is ready, and takes all down again.
type contestant struct {
	name string
	kind kind
	run  func(r *race) error
}

func run(c contestant, o course) (*result, error) {
	r := &race{course: o, template: make([]byte, o.size), tallies: make([]tally, o.handlers), slots: make([]slot, window), wake: make(chan struct{}, 1)}
	for i := range r.template {
		r.template[i] = byte(i)
	}
	if err := c.run(r); err != nil {
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	return &r.result, nil
}

// check tells whether every handler got every message once.
func (r *race) check() error {
	for i := range r.tallies {
		if t := &r.tallies[i]; t.count != r.sent || t.sum != r.sent*(r.sent-1)/2 {
			return fmt.Errorf("handler %d got %d messages with the sum %d of %d sent: some are missing or came twice", i, t.count, t.sum, r.sent)
		}
	}
	if r.result.messages == 0 {
		return fmt.Errorf("nothing was measured")
	}
	return nil
}

// stamp gives the bytes of the next message, valid until the next call.
func (r *race) stamp(seq uint64) []byte {
	binary.LittleEndian.PutUint64(r.template, seq)
	return r.template
}

// handle is what each handler does with a message; it gives its number.
func (r *race) handle(handler int, payload []byte) uint64 {
	t := &r.tallies[handler]
	seq := binary.LittleEndian.Uint64(payload)
	t.count++
	t.sum += seq
	t.last += payload[len(payload)-1]
	return seq
}

// admit waits until a peer's message, or batch of them, may enter, and opens its account.
func (r *race) admit(n uint64) {
	size := uint64(len(r.slots))
	own := &r.slots[n%size]
	if own.left.Load() != 0 {
		ahead := &r.slots[(n+size/2)%size] // not a wake-up for each place that becomes free
		r.wait(func() bool { return ahead.left.Load() == 0 })
		r.wait(func() bool { return own.left.Load() == 0 })
	}
	own.left.Store(int32(r.handlers))
}

// ack is one handler's decision about a peer's message; it reports whether it was the last one's.
func (r *race) ack(seq uint64) bool { return r.settle(seq, seq, 1) }

// settle is one handler's decision about the n messages from first on, which share an account.
func (r *race) settle(account, first, n uint64) bool {
	if r.slots[account%uint64(len(r.slots))].left.Add(-1) != 0 {
		return false
	}
	if len(r.until) > 0 && first >= r.first {
		now := time.Now()
		for i := range n {
			r.until[first+i-r.first] = now
		}
	}
	r.told.Add(n)
	r.tell()
	return true
}

// tell wakes the producer if it waits.
func (r *race) tell() {
	if r.waiting.Load() {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
}

func (r *race) wait(done func() bool) {
	r.waiting.Store(true)
	for !done() {
		<-r.wake
	}
	r.waiting.Store(false)
}

// produce is the producer: it warms up, then measures. send takes one message, flush makes what was sent visible.
func (r *race) produce(send func(seq uint64) error, flush func() error) error {
	if err := r.part(r.span/4, send, flush); err != nil {
		return err
	}
	r.first = r.sent
	if r.rate > 0 {
		n := int(r.span.Seconds()*float64(r.rate)) + 1
		r.since, r.until = make([]time.Time, 0, n), make([]time.Time, n)
	}
	m := measure.Start()
	err := r.part(r.span, send, flush)
	r.result.Usage, r.result.messages = m.Stop(), int(r.sent-r.first)
	for i, at := range r.since {
		r.result.latencies = append(r.result.latencies, r.until[i].Sub(at))
	}
	slices.Sort(r.result.latencies)
	return err
}

// part sends for a while and waits until all of it is told.
func (r *race) part(span time.Duration, send func(seq uint64) error, flush func() error) error {
	begin := time.Now()
	for i := 0; ; i++ {
		if r.rate > 0 {
			due := begin.Add(time.Duration(i) * time.Second / time.Duration(r.rate))
			if due.Sub(begin) >= span {
				break
			}
			now := time.Now()
			for ; now.Before(due); now = time.Now() {
				runtime.Gosched()
			}
			if r.since != nil {
				r.since = append(r.since, now)
			}
		} else if i%256 == 0 && i > 0 && time.Since(begin) >= span {
			break
		}
		seq := r.sent
		r.sent++
		if err := send(seq); err != nil {
			return err
		}
		if r.rate > 0 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	r.wait(func() bool { return r.told.Load() == r.sent })
	return nil
}

func nothing() error { return nil }
