package demo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
)

// Limits and defaults of the options.
const (
	DefaultKeys = 24
	MaxKeys     = 1_000_000
	MaxSize     = 1 << 30
)

// Options shape the made-up flights.
type Options struct {
	Name  string // of the source
	Count uint64 // messages; 0 goes on without end
	Size  int    // bytes of padding in a field "pad"; 0 leaves it out
	Keys  int    // different origins; 0 means DefaultKeys
	Seed  uint64
}

// Source makes up flights, in one lane.
type Source struct {
	options Options
}

var _ source.Source = (*Source)(nil)

// New checks the options. It needs nothing else.
func New(o Options) (*Source, error) {
	if o.Keys == 0 {
		o.Keys = DefaultKeys
	}
	if o.Keys < 1 || o.Keys > MaxKeys {
		return nil, fmt.Errorf("demo.keys %d: want 1 to %d", o.Keys, MaxKeys)
	}
	if o.Size < 0 || o.Size > MaxSize {
		return nil, fmt.Errorf("demo.size %d: want 0 to %d bytes", o.Size, MaxSize)
	}
	return &Source{options: o}, nil
}

// Open gives the one lane.
func (s *Source) Open(context.Context) ([]source.Lane, error) {
	o := s.options
	sum := sha256.Sum256(fmt.Appendf(nil, "flights 1 seed=%d keys=%d size=%d", o.Seed, o.Keys, o.Size))
	id := pelton.LaneID{Source: o.Name, Incarnation: hex.EncodeToString(sum[:8]), Lane: "flights"}
	return []source.Lane{&lane{options: o, id: id}}, nil
}

// Close does nothing.
func (s *Source) Close() error { return nil }

type lane struct {
	options Options
	id      pelton.LaneID
}

var _ source.Sized = (*lane)(nil)

func (l *lane) ID() pelton.LaneID { return l.id }

// Endless reports whether there is no Count.
func (l *lane) Endless() bool { return l.options.Count == 0 }

// Settled does nothing: every message can be made again.
func (l *lane) Settled(uint64) {}

// Size is Count; 0 when there is no end.
func (l *lane) Size() uint64 { return l.options.Count }

// turn is how many messages are handed over between two flushes.
const turn = 64

// Read makes the messages from position from on.
func (l *lane) Read(ctx context.Context, from uint64, d *decode.Decoder) error {
	defer d.Reset()
	var payload []byte
	for position := from; l.Endless() || position < l.options.Count; position++ {
		if position%turn == 0 {
			if err := d.Flush(ctx); err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		payload = l.options.flight(payload[:0], position+1)
		if err := d.Message(ctx, decode.Record{Position: position, Next: position + 1, Payload: payload}); err != nil {
			return err
		}
	}
	return d.Flush(ctx)
}
