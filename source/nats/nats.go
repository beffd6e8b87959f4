package nats

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/internal/natsconn"
	"github.com/peltonhq/pelton/source"
)

// Options say what is read. Name, Conn, Stream and Durable are required.
type Options struct {
	Name     string // of the source
	Conn     natsconn.Options
	Stream   string
	Subjects []string // of the messages that are read, with wildcards; none means all of the stream
	Durable  string   // name of the consumer, which nobody else may use
	New      bool     // begin behind what the stream has when the consumer is made, not at its first message
	Key      Key      // what of the subject is the key

	MaxAckPending int // messages handed over and not settled; 0 means DefaultMaxAckPending
	MaxMessages   int // messages that wait in the client; 0 means DefaultMaxMessages
	MaxBytes      int // bytes of one pull; 0 means DefaultMaxBytes

	noReset bool // tests: as if the server were older than 2.14
}

// Defaults of the options.
const (
	DefaultMaxAckPending = 20_000
	DefaultMaxMessages   = 1000
	DefaultMaxBytes      = 4 << 20
)

// Times of the protocol.
const (
	answerTime  = 5 * time.Second  // for an answer of the server's API
	expiry      = 5 * time.Second  // of a pull that finds nothing: a lost one is made again after it
	heartbeat   = 2 * time.Second  // of the server while a pull waits; twice without one and the pull failed
	linger      = time.Millisecond // without a message before what was handed over is made visible
	firstGlance = time.Second / 4  // between two looks at the consumer while nothing comes; it doubles
	lastGlance  = 8 * time.Second
	flushTime   = 2 * time.Second // for the last acknowledgements to reach the server
	ackWait     = 24 * time.Hour  // before the server repeats a message by itself; see docs/why.md
	overhead    = 64 << 10        // bytes of a message beside its payload: subject and headers
)

// Source reads one stream. Make it with [New].
type Source struct {
	options Options
	conn    *natsconn.Conn
	lane    *lane
}

var _ source.Source = (*Source)(nil)

// New only notes the options; Open looks at them.
func New(o Options) *Source {
	if o.MaxAckPending == 0 {
		o.MaxAckPending = DefaultMaxAckPending
	}
	if o.MaxMessages == 0 {
		o.MaxMessages = DefaultMaxMessages
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.Conn.Name == "" {
		o.Conn.Name = "pelton source " + o.Name
	}
	return &Source{options: o}
}

// Open connects, finds the stream and makes the consumer. It may be called again, after an error or for a stream that was
// made anew; the lanes before are then over.
func (s *Source) Open(ctx context.Context) ([]source.Lane, error) {
	if err := s.Close(); err != nil {
		return nil, err
	}
	conn, err := natsconn.Dial(ctx, s.options.Conn)
	if errors.Is(err, natsconn.ErrUnreachable) {
		return nil, source.Unavailable(fmt.Errorf("nats.url %w", err))
	}
	if err != nil {
		return nil, fmt.Errorf("nats.%w", err)
	}
	l, err := s.open(ctx, conn)
	if err != nil {
		err = conn.Explain(err)
		conn.Close()
		return nil, err
	}
	s.conn, s.lane = conn, l
	l.acks.start()
	return []source.Lane{l}, nil
}

func (s *Source) open(ctx context.Context, conn *natsconn.Conn) (*lane, error) {
	js, err := jetstream.New(conn.Conn, jetstream.WithDefaultTimeout(answerTime))
	if err != nil {
		return nil, err
	}
	l := &lane{options: s.options, conn: conn, js: js}
	info, err := l.look(ctx)
	if err != nil {
		return nil, err
	}
	l.id = pelton.LaneID{Source: s.options.Name, Incarnation: incarnation(info), Lane: s.options.Stream}
	l.retention = info.Config.Retention
	l.last.Store(info.State.LastSeq)
	largest := int(conn.MaxPayload())
	if n := int(info.Config.MaxMsgSize); n > 0 && n < largest {
		largest = n
	}
	if s.options.MaxBytes < largest+overhead {
		return nil, fmt.Errorf("nats.max_bytes %d: a message of stream %s may have %d bytes, and with its headers it would never be pulled; set at least %d",
			s.options.MaxBytes, s.options.Stream, largest, largest+overhead)
	}
	l.acks = newAcks(conn.Conn, l.each())
	if _, err := l.consumer(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// Close sends the last acknowledgements and ends the connection.
func (s *Source) Close() error {
	if s.conn == nil {
		return nil
	}
	s.lane.acks.close()
	if s.conn.IsConnected() {
		_ = s.conn.FlushTimeout(flushTime) // an acknowledgement that is lost does no harm (N1)
	}
	s.conn.Close()
	s.conn, s.lane = nil, nil
	return nil
}

// incarnation tells a stream from one of the same name that was made at another time.
func incarnation(info *jetstream.StreamInfo) string {
	return info.Created.UTC().Format("20060102T150405.000000000Z")
}
