package fanout

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	wmessage "github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const subject = "messages"

// watermillWindow is the GoChannel with many messages in flight; the producer's account says when all handlers acked.
func watermillWindow(r *race) error {
	return goChannel(r, gochannel.Config{OutputChannelBuffer: window})
}

// watermillBlock is the GoChannel whose Publish returns when all subscribers acked.
func watermillBlock(r *race) error {
	return goChannel(r, gochannel.Config{OutputChannelBuffer: window, BlockPublishUntilSubscriberAck: true})
}

func goChannel(r *race, c gochannel.Config) error {
	bus := gochannel.NewGoChannel(c, watermill.NopLogger{})
	var group sync.WaitGroup
	for i := range r.handlers {
		messages, err := bus.Subscribe(context.Background(), subject)
		if err != nil {
			return err
		}
		group.Go(func() {
			for m := range messages {
				seq := r.handle(i, m.Payload)
				m.Ack()
				r.ack(seq)
			}
		})
	}
	err := r.produce(func(seq uint64) error {
		r.admit(seq)
		return bus.Publish(subject, wmessage.NewMessage(strconv.FormatUint(seq, 10), r.fresh(seq).payload))
	}, nothing)
	if e := bus.Close(); err == nil {
		err = e
	}
	group.Wait()
	return err
}

// natsCore is a NATS server in this process without a network, and a connection for each handler.
func natsCore(r *race) error {
	s, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, NoLog: true})
	if err != nil {
		return err
	}
	s.Start()
	defer s.WaitForShutdown()
	defer s.Shutdown()
	if !s.ReadyForConnections(10 * time.Second) {
		return nats.ErrTimeout
	}
	for i := range r.handlers {
		c, err := nats.Connect("", nats.InProcessServer(s))
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := c.Subscribe(subject, func(m *nats.Msg) { r.ack(r.handle(i, m.Data)) }); err != nil {
			return err
		}
		if err := c.Flush(); err != nil {
			return err
		}
	}
	c, err := nats.Connect("", nats.InProcessServer(s))
	if err != nil {
		return err
	}
	defer c.Close()
	return r.produce(func(seq uint64) error {
		r.admit(seq)
		return c.Publish(subject, r.stamp(seq)) // copies
	}, nothing)
}
