package stdin

import (
	"bytes"
	"context"

	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source/ingest"
)

// batch is how many bytes of messages are published at once while more of them come.
const batch = 64 << 10

// stage takes the frames of the input and publishes them.
type stage struct {
	queue *ingest.Queue
	arena *arena.Arena
	lane  *arena.Lane
	text  bool
	seen  bool // a frame came already
	held  []ingest.Message
	bytes int64
}

var _ decode.Out = (*stage)(nil)

// mark is the byte order mark that some programs put in front of UTF-8.
var mark = []byte("\xEF\xBB\xBF")

// Frame implements [decode.Out].
func (s *stage) Frame(ctx context.Context, f decode.Frame) error {
	m, err := s.own(f)
	if err != nil {
		return err
	}
	if !s.seen && s.text {
		m.Payload = bytes.TrimPrefix(m.Payload, mark)
	}
	s.seen = true
	s.held = append(s.held, m)
	if s.bytes += m.Size(); s.bytes >= batch {
		return s.publish(ctx, s.queue.Wait)
	}
	return nil
}

// own copies a frame.
func (s *stage) own(f decode.Frame) (ingest.Message, error) {
	if bad := f.Bad; bad != nil {
		return ingest.Message{Payload: bad.Payload, Bad: &decode.Bad{Reason: bad.Reason, Length: bad.Length, SHA256: bad.SHA256}}, nil
	}
	v, err := s.arena.View(f.Ref)
	if err != nil {
		return ingest.Message{}, err
	}
	m := ingest.Message{Payload: bytes.Clone(v.Payload())}
	return m, s.lane.Release(f.Ref)
}

// Flush implements [decode.Out]: the input may have nothing more for now.
func (s *stage) Flush(ctx context.Context) error { return s.publish(ctx, s.queue.Wait) }

// publish makes durable what is held; it goes on being held if that fails.
func (s *stage) publish(ctx context.Context, how func(context.Context, []ingest.Message) (uint64, error)) error {
	if len(s.held) == 0 {
		return ctx.Err()
	}
	if _, err := how(ctx, s.held); err != nil {
		return err
	}
	clear(s.held)
	s.held, s.bytes = s.held[:0], 0
	return nil
}
