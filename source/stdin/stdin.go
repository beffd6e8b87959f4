package stdin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/source/ingest"
)

// Options of a source.
type Options struct {
	Queue      *ingest.Queue // finite; the source closes it
	Input      io.Reader
	Framing    decode.Framing // lines, length or raw; empty means lines
	Text       bool           // a byte order mark at the start is none of the first message
	MaxMessage int64          // bytes of the largest message; 0 means decode.DefaultMaxMessage
}

// Source reads a stream into its queue.
type Source struct {
	options Options
	arena   *arena.Arena
	decoder *decode.Decoder
	stage   *stage
	cancel  context.CancelFunc
	done    chan struct{} // nothing more gets into the queue
}

var _ source.Source = (*Source)(nil)

// New makes a source; the input is not touched before Open.
func New(o Options) *Source {
	if o.MaxMessage == 0 {
		o.MaxMessage = decode.DefaultMaxMessage
	}
	return &Source{options: o}
}

// Open begins to read, and gives the one lane.
func (s *Source) Open(ctx context.Context) ([]source.Lane, error) {
	lanes, err := s.options.Queue.Open(ctx)
	if err != nil {
		return nil, err
	}
	largest := s.options.MaxMessage + decode.Spare
	if s.arena, err = arena.New(arena.Options{Name: "stdin", Size: max(1<<20, 4*largest), MaxMessage: largest}); err != nil {
		return nil, fmt.Errorf("memory to cut messages: %w", err)
	}
	space, err := s.arena.Lane("stdin")
	if err != nil {
		return nil, err
	}
	id := &pelton.LaneID{Source: "stdin", Incarnation: "input", Lane: "stdin"}
	s.stage = &stage{queue: s.options.Queue, arena: s.arena, lane: space, text: s.options.Text}
	config := decode.Config{Format: decode.Raw, Framing: s.options.Framing, MaxMessage: s.options.MaxMessage}
	if s.decoder, err = decode.New(config, space, id, s.stage, time.Now); err != nil {
		return nil, err
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.cancel, s.done = cancel, make(chan struct{})
	go s.run(run)
	return lanes, nil
}

// run reads to the end of the input, or until Close.
func (s *Source) run(ctx context.Context) {
	defer close(s.done)
	err := s.decoder.Stream(ctx, pump(ctx, s.options.Input), 0)
	if ctx.Err() != nil {
		// What is cut already is published if there is room, without waiting for it.
		_ = s.stage.publish(context.WithoutCancel(ctx), s.options.Queue.Publish)
		return
	}
	if err != nil {
		err = fmt.Errorf("read standard input: %w", err)
	}
	s.options.Queue.End(err)
}

// Close ends the reading. A read of the input that is blocked stays, see the package's doc.
func (s *Source) Close() error {
	if s.cancel != nil {
		s.cancel()
		<-s.done
	}
	err := s.options.Queue.Close()
	if s.arena != nil {
		err = errors.Join(err, s.arena.Close())
	}
	return err
}
