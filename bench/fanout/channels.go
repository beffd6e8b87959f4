package fanout

import "sync"

// The limits: what Go's channels give without any framework.

// message is what peers send that take any value.
type message struct{ payload []byte }

// fresh is a message with bytes of its own.
func (r *race) fresh(seq uint64) *message {
	m := &message{payload: make([]byte, r.size)}
	copy(m.payload, r.stamp(seq))
	return m
}

// listen runs one goroutine per handler and gives its channel; the function ends them.
func listen[T any](r *race, size int, each func(handler int, v T)) ([]chan T, func()) {
	var all []chan T
	var group sync.WaitGroup
	for i := range r.handlers {
		c := make(chan T, size)
		all = append(all, c)
		group.Go(func() {
			for v := range c {
				each(i, v)
			}
		})
	}
	return all, func() {
		for _, c := range all {
			close(c)
		}
		group.Wait()
	}
}

// channels gives each message a new slice of bytes.
func channels(r *race) error {
	all, end := listen(r, window, func(i int, payload []byte) { r.ack(r.handle(i, payload)) })
	defer end()
	return r.produce(func(seq uint64) error {
		payload := make([]byte, r.size)
		copy(payload, r.stamp(seq))
		r.admit(seq)
		for _, c := range all {
			c <- payload
		}
		return nil
	}, nothing)
}

// pooled takes each message's bytes from a pool, and the last handler to ack gives them back.
func pooled(r *race) error {
	pool := sync.Pool{New: func() any { return &message{make([]byte, r.size)} }}
	all, end := listen(r, window, func(i int, m *message) {
		if r.ack(r.handle(i, m.payload)) {
			pool.Put(m)
		}
	})
	defer end()
	return r.produce(func(seq uint64) error {
		m := pool.Get().(*message)
		copy(m.payload, r.stamp(seq))
		r.admit(seq)
		for _, c := range all {
			c <- m
		}
		return nil
	}, nothing)
}

const batchSize = 64

// batch is 64 messages in one reused buffer, acked as one.
type batch struct {
	account, first, n uint64
	bytes             []byte
}

// batched is the limit: batches of 64 in reused buffers, one send and one ack per handler and batch.
func batched(r *race) error {
	ring := make([]batch, window/batchSize)
	r.slots = r.slots[:len(ring)]
	for i := range ring {
		ring[i].bytes = make([]byte, batchSize*r.size)
	}
	all, end := listen(r, len(ring), func(i int, b *batch) {
		for m := range b.n {
			r.handle(i, b.bytes[m*uint64(r.size):(m+1)*uint64(r.size)])
		}
		r.settle(b.account, b.first, b.n)
	})
	defer end()
	var open *batch
	next := uint64(0)
	flush := func() error {
		if open != nil {
			for _, c := range all {
				c <- open
			}
			open = nil
		}
		return nil
	}
	return r.produce(func(seq uint64) error {
		if open == nil {
			r.admit(next)
			open = &ring[next%uint64(len(ring))]
			open.account, open.first, open.n = next, seq, 0
			next++
		}
		copy(open.bytes[open.n*uint64(r.size):], r.stamp(seq))
		open.n++
		if open.n == batchSize {
			return flush()
		}
		return nil
	}, flush)
}
