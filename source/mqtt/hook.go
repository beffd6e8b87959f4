package mqtt

import (
	"bytes"
	"slices"

	broker "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/peltonhq/pelton/source/ingest"
)

// hook is where the broker asks and tells. Its methods run on the goroutine that reads the client.
type hook struct {
	broker.HookBase

	source *Source
}

// ID implements [broker.Hook].
func (h *hook) ID() string { return "pelton" }

// Provides implements [broker.Hook].
func (h *hook) Provides(b byte) bool {
	return bytes.IndexByte([]byte{
		broker.OnConnect, broker.OnConnectAuthenticate, broker.OnACLCheck, broker.OnPacketRead, broker.OnPacketEncode,
		broker.OnPublish, broker.OnWillSent, broker.OnDisconnect,
	}, b) >= 0
}

// OnConnect leaves nothing of the client behind its connection (M2): its session ends with it, and so its will is sent at
// once; nothing is retained.
func (h *hook) OnConnect(cl *broker.Client, _ packets.Packet) error {
	if cl.Properties.ProtocolVersion < 5 {
		cl.Properties.Clean = true
	}
	cl.Properties.Will.WillDelayInterval = 0
	cl.Properties.Will.Retain = false
	return nil
}

// OnConnectAuthenticate implements [broker.Hook].
func (h *hook) OnConnectAuthenticate(_ *broker.Client, pk packets.Packet) bool {
	p := h.source.options.Passwords
	if p == nil || p.allow(pk.Connect.Username, pk.Connect.Password) {
		return true
	}
	h.source.figures.Denied.Add(1)
	return false
}

// OnACLCheck allows no subscription. Topics are looked at in OnPublish: the broker would refuse one to a client of 3.1.1 by
// a packet that it does not know.
func (h *hook) OnACLCheck(_ *broker.Client, _ string, write bool) bool {
	if !write {
		h.source.figures.Denied.Add(1)
	}
	return write
}

func (s *Source) wants(topic string) bool {
	return slices.ContainsFunc(s.options.Topics, func(f string) bool { return matches(f, topic) })
}

// OnPacketRead refuses QoS 2. The broker itself would lower it and answer with the wrong packet.
func (h *hook) OnPacketRead(cl *broker.Client, pk packets.Packet) (packets.Packet, error) {
	if pk.FixedHeader.Type == packets.Publish && pk.FixedHeader.Qos > 1 {
		h.source.figures.Denied.Add(1)
		h.source.disconnect(cl, packets.ErrQosNotSupported)
		return pk, packets.ErrRejectPacket
	}
	return pk, nil
}

// OnPacketEncode tells a client what this broker has not.
func (h *hook) OnPacketEncode(_ *broker.Client, pk packets.Packet) packets.Packet {
	if pk.FixedHeader.Type != packets.Connack {
		return pk
	}
	p := &pk.Properties
	p.MaximumPacketSize = uint32(h.source.options.MaxPacket)
	p.WildcardSubAvailable, p.WildcardSubAvailableFlag = 0, true
	p.SharedSubAvailable, p.SharedSubAvailableFlag = 0, true
	p.SubIDAvailable, p.SubIDAvailableFlag = 0, true
	return pk
}

// OnPublish takes a message. ErrRejectPacket tells the broker that it has nothing more to do with it: PUBACK comes from
// the session's acker.
func (h *hook) OnPublish(cl *broker.Client, pk packets.Packet) (packets.Packet, error) {
	s := h.source
	if !s.wants(pk.TopicName) {
		s.deny(cl, &pk)
		return pk, packets.ErrRejectPacket
	}
	e := s.session(cl)
	// While this waits for room, the client's keep-alive must not end it; the broker sets the deadline anew behind it.
	if err := cl.Net.Conn.SetDeadline(noTime); err != nil {
		return pk, packets.ErrRejectPacket // it is gone
	}
	m := s.options.message(cl.ID, string(cl.Properties.Username), &pk, false)
	if err := e.publish(s.ctx, pk.PacketID, pk.FixedHeader.Qos, m); err != nil {
		s.figures.Dropped.Add(1)
		s.disconnect(cl, packets.ErrServerShuttingDown)
	}
	return pk, packets.ErrRejectPacket
}

// deny refuses a topic: by the reason of a PUBACK, or if the protocol has none, by the end of the connection.
func (s *Source) deny(cl *broker.Client, pk *packets.Packet) {
	s.figures.Denied.Add(1)
	reason := packets.ErrNotAuthorized
	switch {
	case pk.FixedHeader.Qos == 0:
	case cl.Properties.ProtocolVersion < 5:
		cl.Stop(reason)
	default:
		puback := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Puback}, PacketID: pk.PacketID, ReasonCode: reason.Code}
		puback.Properties.ReasonString = "topic is not one of this source"
		if err := cl.WritePacket(puback); err != nil {
			cl.Stop(err)
		}
	}
}

// session is that of a client, made when it publishes first. A client has one goroutine that reads.
func (s *Source) session(cl *broker.Client) *session {
	if e, ok := s.sessions.Load(cl); ok {
		return e.(*session) //nolint:forcetypeassert // the map holds nothing else
	}
	e := s.newSession(cl)
	s.sessions.Store(cl, e)
	return e
}

// OnWillSent takes the will of a client that went without a word. Nobody waits for an answer: without room it is lost.
func (h *hook) OnWillSent(cl *broker.Client, pk packets.Packet) {
	s := h.source
	switch {
	case s.ctx.Err() != nil: // the source is closing: that is not what the will is for
		return
	case !s.wants(pk.TopicName):
		s.figures.Denied.Add(1)
		return
	}
	m := s.options.message(cl.ID, string(cl.Properties.Username), &pk, true)
	if _, err := s.options.Queue.Publish(s.ctx, []ingest.Message{m}); err != nil {
		s.figures.Dropped.Add(1)
	}
}

// OnDisconnect ends the client's acker.
func (h *hook) OnDisconnect(cl *broker.Client, _ error, _ bool) {
	if e, ok := h.source.sessions.LoadAndDelete(cl); ok {
		close(e.(*session).ended) //nolint:forcetypeassert // the map holds nothing else
	}
}
