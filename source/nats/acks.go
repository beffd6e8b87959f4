package nats

import (
	"sync"

	natsgo "github.com/nats-io/nats.go"
)

// acks acknowledges to the server what is below the watermark (N1), on a goroutine of its own: a publish may wait for
// the network, and Settled must not.
type acks struct {
	conn *natsgo.Conn
	each bool // every message, not only the last below the watermark
	wake chan struct{}
	stop chan struct{}
	done sync.WaitGroup

	note    sync.Mutex // short: Settled takes it
	settled uint64     // the watermark

	mu    sync.Mutex // held while acknowledging, so that forget comes before or after
	marks []mark     // delivered and not acknowledged, in the order of the stream; at most MaxAckPending
}

// mark is how one delivery is acknowledged.
type mark struct {
	seq   uint64
	reply string
}

func newAcks(conn *natsgo.Conn, each bool) *acks {
	return &acks{conn: conn, each: each, wake: make(chan struct{}, 1), stop: make(chan struct{})}
}

func (a *acks) start() { a.done.Go(a.run) }

// close acknowledges what is settled, then ends.
func (a *acks) close() {
	close(a.stop)
	a.done.Wait()
	a.send()
}

func (a *acks) run() {
	for {
		select {
		case <-a.wake:
			a.send()
		case <-a.stop:
			return
		}
	}
}

// settle notes a watermark. It does not wait.
func (a *acks) settle(watermark uint64) {
	a.note.Lock()
	defer a.note.Unlock()
	if watermark > a.settled {
		a.settled = watermark
		a.poke()
	}
}

func (a *acks) poke() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *acks) watermark() uint64 {
	a.note.Lock()
	defer a.note.Unlock()
	return a.settled
}

// delivered notes a delivery. One that is settled already, since its acknowledgement was lost, is acknowledged again.
func (a *acks) delivered(seq uint64, reply string) {
	a.mu.Lock()
	a.marks = append(a.marks, mark{seq, reply})
	a.mu.Unlock()
	if seq < a.watermark() {
		a.poke()
	}
}

// forget drops the deliveries of a consumer that is put back: their acknowledgements would be taken for those of others.
func (a *acks) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.marks = nil
}

func (a *acks) send() {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.watermark()
	n := 0
	for ; n < len(a.marks) && a.marks[n].seq < w; n++ {
		if a.each {
			_ = a.conn.Publish(a.marks[n].reply, nil)
		}
	}
	if n > 0 && !a.each {
		_ = a.conn.Publish(a.marks[n-1].reply, nil)
	}
	clear(a.marks[:n])
	a.marks = a.marks[n:]
}
