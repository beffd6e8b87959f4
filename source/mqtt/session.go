package mqtt

import (
	"context"
	"errors"

	broker "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/peltonhq/pelton/source/ingest"
	"github.com/peltonhq/pelton/store"
)

// session is one connection that publishes.
type session struct {
	source *Source
	client *broker.Client
	slots  chan struct{} // taken by messages that are not acknowledged yet
	acks   chan ack      // as many as slots: the store's goroutine never waits
	ended  chan struct{} // the connection is gone
}

// ack is the outcome of one PUBLISH.
type ack struct {
	id  uint16
	qos byte
	err error
}

func (s *Source) newSession(client *broker.Client) *session {
	e := &session{
		source: s, client: client, slots: make(chan struct{}, s.options.MaxInflight), acks: make(chan ack, s.options.MaxInflight), ended: make(chan struct{}),
	}
	s.ackers.Go(e.acknowledge)
	return e
}

// publish hands a message to the queue. It waits while the queue is full: nothing is read of this client meanwhile.
func (e *session) publish(ctx context.Context, id uint16, qos byte, m ingest.Message) error {
	select {
	case e.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	err := e.source.options.Queue.Send(ctx, []ingest.Message{m}, func(err error) { e.acks <- ack{id, qos, err} })
	if err != nil {
		<-e.slots
	}
	return err
}

// acknowledge writes the PUBACKs (M1), until the connection is gone.
func (e *session) acknowledge() {
	for {
		select {
		case a := <-e.acks:
			e.answer(a)
			<-e.slots
		case <-e.ended:
			return
		}
	}
}

func (e *session) answer(a ack) {
	if a.err != nil {
		e.source.figures.Dropped.Add(1)
		reason := packets.ErrImplementationSpecificError
		if errors.Is(a.err, store.ErrFull) {
			reason = packets.ErrQuotaExceeded
		}
		e.source.disconnect(e.client, reason)
		return
	}
	if a.qos == 0 {
		return
	}
	puback := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Puback}, PacketID: a.id, ReasonCode: packets.CodeSuccess.Code}
	if err := e.client.WritePacket(puback); err != nil {
		e.client.Stop(err) // it connects again, and sends it again
	}
}

// disconnect ends a connection, with the reason where the protocol has room for one.
func (s *Source) disconnect(client *broker.Client, reason packets.Code) {
	if client.Properties.ProtocolVersion == 5 {
		_ = s.server.DisconnectClient(client, reason) // its error is the reason
	}
	client.Stop(reason)
}
