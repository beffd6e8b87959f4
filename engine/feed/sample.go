package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/engine/class"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/source/file"
	"github.com/peltonhq/pelton/store/memory"
)

// Sample reads a source from its beginning, without a wheel, until its end or an error of take. Nothing is settled, and where it
// was is not kept: a wheel reads all of it still. What can't be read so is an error.
func Sample(ctx context.Context, b Bounds, input io.Reader, name string, c config.Source, take func(m pelton.Message) error) (err error) {
	if why := lasting(c); why != "" {
		return class.Usage(fmt.Errorf("source %s: %s; record it from a running wheel", name, why))
	}
	s := memory.New()
	w := &Wheel{Bounds: b, Store: s, Stdin: input, Tell: func(_, _, _ string) {}}
	f := &Feed{Name: name, wheel: w, running: running{c: c}}
	if err := f.openInput(ctx); err != nil {
		return class.Usage(errors.Join(err, s.Close()))
	}
	defer func() { err = errors.Join(err, f.source.Close(), s.Close()) }()
	lanes, err := f.source.Open(ctx)
	if err != nil {
		return class.Outside(err)
	}
	size, largest := b.ArenaSize()
	a, err := arena.New(arena.Options{Name: name, Size: size, MaxMessage: largest})
	if err != nil {
		return class.Usage(err)
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	for _, lane := range lanes {
		if err := read(ctx, lane, a, DecodeOf(c.Decode, b.Arena.MaxMessage), take); err != nil {
			return err
		}
	}
	return nil
}

// lasting is why a source can't be read without a trace: what it was sent is gone then, or other readers would wait.
func lasting(c config.Source) string {
	switch {
	case c.HTTP != nil, c.MQTT != nil:
		return "who sends to " + c.Type() + " is told that it has the message, which must be kept then"
	case c.Kafka != nil, c.NATS != nil:
		return "what " + c.Type() + " gives one reader of its group others wait for"
	case c.File != nil && file.IsPattern(c.File.Path):
		return "a pattern of files has no order that could be told without what was read before"
	}
	return ""
}

func read(ctx context.Context, lane source.Lane, a *arena.Arena, c decode.Config, take func(pelton.Message) error) error {
	id := lane.ID()
	space, err := a.Lane(id.Lane)
	if err != nil {
		return err
	}
	d, err := decode.New(c, space, &id, taker{a, take}, time.Now)
	if err != nil {
		return class.Usage(err)
	}
	return lane.Read(ctx, 0, d)
}

// taker gives what a decoder found to a function.
type taker struct {
	arena *arena.Arena
	take  func(pelton.Message) error
}

// Frame implements [decode.Out]. What could not become a message is left out.
func (t taker) Frame(_ context.Context, f decode.Frame) error {
	if f.Bad != nil {
		return nil
	}
	v, err := t.arena.View(f.Ref)
	if err != nil {
		return err
	}
	m := v.Own()
	return errors.Join(t.arena.Release(f.Ref), t.take(m))
}

// Flush implements [decode.Out].
func (t taker) Flush(ctx context.Context) error { return ctx.Err() }
