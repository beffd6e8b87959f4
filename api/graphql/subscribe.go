package graphql

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/graphql/model"
)

type subscription struct{ root }

// Snapshots follows a session, or without a key the log of the name. The error of a feed ends the channel; it is
// given to the operation, which tells it as the last response.
func (s subscription) Snapshots(
	ctx context.Context, name string, key, after *string, from *model.From, onGap *model.OnGap, slow *model.Slow,
	keys []string, prefix *string, coalesce *time.Duration,
) (<-chan model.Event, error) {
	request := api.FollowRequest{
		Name: name, Key: or(key), Log: key == nil, From: api.From(or(from)), After: or(after),
		OnGap: api.OnGap(or(onGap)), Slow: api.Slow(or(slow)), Keys: keys, Prefix: or(prefix), Coalesce: or(coalesce),
	}
	if after != nil && from == nil {
		request.From = api.FromAfter
	}
	feed, err := s.svc.Follow(ctx, request)
	if err != nil {
		return nil, err
	}
	out := make(chan model.Event)
	go func() {
		defer close(out)
		defer feed.Close()
		if err := pour(ctx, feed, out); err != nil && ctx.Err() == nil {
			fault(ctx, err)
		}
	}()
	return out, nil
}

func pour(ctx context.Context, feed *api.Feed, out chan<- model.Event) error {
	give := func(e model.Event) error {
		select {
		case out <- e:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := give(model.HelloOf(feed.Hello())); err != nil {
		return err
	}
	for {
		events, err := feed.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range events {
			if err := give(model.EventOf(&events[i])); err != nil {
				return err
			}
		}
	}
}

// Stats watches the figures.
func (s subscription) Stats(ctx context.Context, interval *int) (<-chan *api.Stats, error) {
	every := time.Duration(or(interval)) * time.Millisecond
	out := make(chan *api.Stats)
	go func() {
		defer close(out)
		err := s.svc.WatchStats(ctx, every, func(stats api.Stats) error {
			select {
			case out <- &stats:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if ctx.Err() == nil {
			fault(ctx, err)
		}
	}()
	return out, nil
}

// Tap looks at messages as they pass a node.
func (s subscription) Tap(ctx context.Context, node string, key *string, rate *float64, limit *int) (<-chan *model.TapFrame, error) {
	r := api.TapRequest{Node: node, Rate: or(rate), Limit: uint64(max(0, or(limit)))}
	if key != nil {
		r.Key = []byte(*key)
	}
	out := make(chan *model.TapFrame)
	go func() {
		defer close(out)
		err := s.svc.Tap(ctx, r, func(f api.TapFrame) error {
			frame := model.TapFrameOf(&f)
			select {
			case out <- &frame:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if err != nil && ctx.Err() == nil {
			fault(ctx, err)
		}
	}()
	return out, nil
}
