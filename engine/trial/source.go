package trial

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/engine/class"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/config/words"
	"github.com/peltonhq/pelton/engine/feed"
	"github.com/peltonhq/pelton/internal/tap"
)

// Record gives the messages of a source to take, which no wheel reads meanwhile, from its beginning and as fast as they come.
// The source is left as it was found. It ends with the source, with ctx, or with an error of take, of which [ErrEnough] is
// none. begin is called before the first message, once the source is known.
func Record(ctx context.Context, c config.Config, input io.Reader, name string, begin func() error, take func(*tap.Sample) error) error {
	s, ok := c.Sources[name]
	if !ok {
		return class.Usage(fmt.Errorf("no source is named %q; %s", name, words.Hint(name, c.SourceNames())))
	}
	begun := false
	err := feed.Sample(ctx, feed.BoundsOf(&c), input, name, s, func(m pelton.Message) error {
		if !begun {
			begun = true
			if err := begin(); err != nil {
				return err
			}
		}
		return take(&tap.Sample{
			ID: m.Meta.MessageID().String(), Time: m.Meta.Time, HasKey: m.Key != nil, Key: m.Key, Headers: m.Meta.Headers, Payload: m.Payload, Size: len(m.Payload),
		})
	})
	if errors.Is(err, ErrEnough) || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil
	}
	if err == nil && !begun {
		err = begin()
	}
	return err
}
