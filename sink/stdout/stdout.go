package stdout

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/internal/invariants"
	"github.com/peltonhq/pelton/sink"
)

// Sink writes to one stream. Make it with [New].
type Sink struct {
	to   io.Writer
	text []byte // of the effects of one Write
	done int    // bytes of it that earlier attempts have written
}

var _ sink.Sink = (*Sink)(nil)

// keep is the largest buffer that is kept from one Write to the next.
const keep = 1 << 20

// New is a sink that writes to w.
func New(w io.Writer) *Sink { return &Sink{to: w} }

// Write implements [sink.Sink]. After an error it goes on where the stream stopped, so it must be given the same
// effects again, as the contract says.
func (s *Sink) Write(_ context.Context, effects []pelton.Effect) error {
	if s.done == 0 {
		s.text = s.text[:0]
		for i := range effects {
			s.text = sink.AppendLine(s.text, effects[i].Payload)
		}
	} else if invariants.Enabled {
		invariants.Check(s.again(effects), "E2: other effects than in the attempt before")
	}
	n, err := s.to.Write(s.text[s.done:])
	s.done += n
	if err == nil && s.done < len(s.text) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return fmt.Errorf("stdout: %w", err)
	}
	s.done = 0
	if cap(s.text) > keep {
		s.text = nil
	}
	return nil
}

// again reports whether effects are those of the attempt before.
func (s *Sink) again(effects []pelton.Effect) bool {
	var text []byte
	for i := range effects {
		text = sink.AppendLine(text, effects[i].Payload)
	}
	return bytes.Equal(text, s.text)
}

// Close implements [sink.Sink]; the stream stays open.
func (s *Sink) Close() error { return nil }
