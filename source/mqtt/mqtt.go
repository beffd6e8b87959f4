package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	broker "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/source/ingest"
)

// Defaults and limits of the options.
const (
	DefaultMaxPacket   = 2 << 20
	DefaultMaxClients  = 1000
	DefaultMaxInflight = 100
)

// Options of a source.
type Options struct {
	Queue       *ingest.Queue // the source closes it
	Listener    net.Listener  // the source's from New on
	TLS         *tls.Config   // nil: none
	Topics      []string      // filters of the topics that may be published to; none means #
	Key         Key
	Passwords   *Passwords // nil: everybody may connect
	MaxMessage  int64      // bytes of a payload and its key; a larger one is a bad frame
	MaxPacket   int64      // bytes of a packet; a larger one ends its connection; 0 means DefaultMaxPacket
	MaxClients  int        // connected at once; 0 means DefaultMaxClients
	MaxInflight int        // messages of one client that are not acknowledged yet; 0 means DefaultMaxInflight
}

// Figures count what was not taken, since the source was opened.
type Figures struct {
	Denied  atomic.Uint64 // log-ins, topics, subscriptions and QoS 2 that were turned away
	Dropped atomic.Uint64 // messages that were not taken and have no PUBACK
	Panics  atomic.Uint64 // connections on whose bytes the broker panicked
}

// Source is the broker in front of its queue.
type Source struct {
	options  Options
	gate     *gate
	server   *broker.Server
	ctx      context.Context //nolint:containedctx // of what hooks do: the broker's have none
	cancel   context.CancelFunc
	sessions sync.Map // *broker.Client → *session
	ackers   sync.WaitGroup
	figures  Figures
	serving  bool
}

var _ source.Source = (*Source)(nil)

var noTime time.Time

// New makes a source; it accepts nothing before Open.
func New(o Options) *Source {
	if len(o.Topics) == 0 {
		o.Topics = []string{"#"}
	}
	if o.MaxPacket == 0 {
		o.MaxPacket = DefaultMaxPacket
	}
	if o.MaxClients == 0 {
		o.MaxClients = DefaultMaxClients
	}
	if o.MaxInflight == 0 {
		o.MaxInflight = DefaultMaxInflight
	}
	if o.MaxMessage == 0 {
		o.MaxMessage = ingest.DefaultMaxMessage
	}
	s := &Source{options: o}
	s.gate = &gate{
		Listener: o.Listener, most: o.MaxClients, tls: o.TLS, panicked: s.panicked, conns: map[*conn]struct{}{}, done: make(chan struct{}),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Open begins to accept, and gives the one lane.
func (s *Source) Open(ctx context.Context) ([]source.Lane, error) {
	lanes, err := s.options.Queue.Open(ctx)
	if err != nil || s.serving {
		return lanes, err
	}
	c := broker.NewDefaultServerCapabilities()
	c.MaximumClients = int64(s.options.MaxClients)
	c.MaximumPacketSize = uint32(s.options.MaxPacket)
	c.ReceiveMaximum = uint16(s.options.MaxInflight)
	c.MaximumClientWritesPending = 16 // nothing is written but acknowledgements, which do not use it
	c.MaximumSessionExpiryInterval = 0
	c.MaximumQos = 1
	c.TopicAliasMaximum = 0
	c.MinimumProtocolVersion = 4 // 3.1.1
	s.server = broker.New(&broker.Options{Capabilities: c, Logger: slog.New(slog.DiscardHandler), SysTopicResendInterval: 1 << 20})
	err = s.server.AddHook(&hook{source: s}, nil)
	if err == nil {
		err = s.server.AddListener(s.gate)
	}
	if err == nil {
		err = s.server.Serve()
	}
	if err != nil {
		return nil, fmt.Errorf("start the broker: %w", err)
	}
	s.serving = true
	return lanes, nil
}

// Addr is where it listens.
func (s *Source) Addr() net.Addr { return s.options.Listener.Addr() }

// Figures are the counts of what was not taken.
func (s *Source) Figures() *Figures { return &s.figures }

// farewell is how long clients have to take the word that the source closes.
const farewell = time.Second

// panicked cleans up behind a connection on whose bytes the broker panicked: it harms nobody else.
func (s *Source) panicked(c net.Conn) {
	s.figures.Panics.Add(1)
	s.sessions.Range(func(cl, e any) bool {
		if cl.(*broker.Client).Net.Conn == c { //nolint:forcetypeassert // the map holds nothing else
			s.sessions.Delete(cl)
			close(e.(*session).ended) //nolint:forcetypeassert // the same
		}
		return true
	})
}

// Close ends all connections. What was handed to the queue is still made durable, without an acknowledgement.
func (s *Source) Close() error {
	err := s.options.Queue.Close()
	s.cancel()
	s.gate.stop()
	if s.serving {
		clients := s.server.Clients.GetByListener(gateID)
		end := time.Now().Add(farewell)
		for _, cl := range clients {
			_ = cl.Net.Conn.SetDeadline(end)
		}
		for _, cl := range clients {
			s.disconnect(cl, packets.ErrServerShuttingDown)
		}
	}
	s.gate.Close(nil)
	if s.serving {
		err = errors.Join(err, s.server.Close()) // waits for who reads
		s.serving = false
	}
	s.ackers.Wait()
	return err
}
