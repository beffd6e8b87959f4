package feed

import (
	"context"
	"errors"
	"slices"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/source/ingest"
)

// Publish puts messages into the queue of a source that has one.
func (f *Feed) Publish(ctx context.Context, p api.Publication) (api.Published, error) {
	units := unitsOf(p)
	receipt, err := f.queue.PublishOnce(ctx, units)
	var full *ingest.FullError
	switch {
	case errors.As(err, &full):
		return api.Published{}, api.Errorf(api.ResourceExhausted, "%v", full).With(api.DetailRetryAfter, full.RetryAfter.String())
	case errors.Is(err, ingest.ErrTooLarge):
		return api.Published{}, api.TooLarge("%v", err)
	case errors.Is(err, ingest.ErrReused):
		return api.Published{}, api.KeyReused("%v", err)
	case errors.Is(err, ingest.ErrClosed):
		return api.Published{}, api.Errorf(api.Unavailable, "source %s: the wheel is going down; try again when it is back", f.Name)
	case err != nil:
		return api.Published{}, err
	}
	return publishedOf(p, units, receipt), nil
}

// unitsOf are the messages as they are published: by the key of the request, by keys of their own, or neither.
func unitsOf(p api.Publication) []ingest.Unit {
	units := []ingest.Unit{{ID: p.Key}}
	for _, m := range p.Messages {
		out := ingest.Message{Key: m.Key, Payload: m.Payload, Headers: m.Headers, Time: m.Time}
		if m.ContentType != "" {
			out.Headers = append(slices.Clip(m.Headers), pelton.Header{Name: "Content-Type", Value: m.ContentType})
		}
		last := &units[len(units)-1]
		if m.IdempotencyKey != "" || p.Key == "" && last.ID != "" {
			units = append(units, ingest.Unit{ID: m.IdempotencyKey})
			last = &units[len(units)-1]
		}
		last.Messages = append(last.Messages, out)
	}
	return slices.DeleteFunc(units, func(u ingest.Unit) bool { return len(u.Messages) == 0 })
}

func publishedOf(p api.Publication, units []ingest.Unit, r ingest.Receipt) api.Published {
	done := api.Published{First: r.First[0], Count: len(p.Messages)}
	for n, u := range units {
		if r.Known[n] {
			done.Known += len(u.Messages)
		}
	}
	if !slices.ContainsFunc(p.Messages, func(m api.IngestMessage) bool { return m.IdempotencyKey != "" }) {
		return done
	}
	for n, u := range units {
		for k := range u.Messages {
			done.Positions = append(done.Positions, r.First[n]+uint64(k))
		}
	}
	return done
}
