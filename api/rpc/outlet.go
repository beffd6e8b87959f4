package rpc

import (
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
)

// Of a stream of grpc-go. A send waits only while there is no quota left, whatever its size.
const (
	quota  = 64 << 10 // bytes that may wait to be written
	prefix = 5        // bytes before a message, which count
)

// outlet sends the encoded messages of a stream and knows how many bytes of them were not written yet, so it knows whether
// another send would wait.
type outlet struct {
	stream grpc.ServerStream
	held   atomic.Int64
	plain  atomic.Bool // messages are sent as they are: the client did not ask for compression
}

// send may wait. One send is under way at a time.
func (o *outlet) send(message []byte) error {
	return o.stream.SendMsg(&parcel{SliceBuffer: message, of: o})
}

// Offer implements [session.Outlet]. It takes all or nothing.
func (o *outlet) Offer(run []byte) int {
	if o.held.Load() >= quota || o.send(run) != nil { // whoever sends it then has the error
		return 0
	}
	return len(run)
}

// parcel is a message that was encoded before, perhaps for all followers. grpc-go goes on reading it when the send has
// returned; it belongs to no pool, and nobody changes it. Whoever holds it has a reference, and each counts as held: the
// send has one, and the transport one until it has written the message or dropped the stream. It gives the quota back before.
type parcel struct {
	mem.SliceBuffer

	of   *outlet
	self [1]mem.Buffer
}

func (p *parcel) buffers() mem.BufferSlice {
	p.hold(1)
	p.self[0] = p
	return p.self[:]
}

func (p *parcel) hold(n int) { p.of.held.Add(int64(n * (len(p.SliceBuffer) + prefix))) }

// Ref implements [mem.Buffer].
func (p *parcel) Ref() {
	if p.hold(1); !p.of.plain.Load() {
		p.of.plain.Store(true)
	}
}

// Free implements [mem.Buffer].
func (p *parcel) Free() { p.hold(-1) }
