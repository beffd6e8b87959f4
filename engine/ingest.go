package engine

import (
	"context"
	"errors"
	"slices"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/source/ingest"
)

// inlet is the wheel as [api.Ingest].
type inlet struct{ *wheel }

var _ api.Ingest = inlet{}

func (i inlet) find(source string) (*feed, error) {
	var known []string
	for _, f := range i.feeds {
		switch {
		case f.name == source && f.c.HTTP != nil:
			return f, nil
		case f.name == source:
			return nil, api.Errorf(api.FailedPrecondition, "source %s is %s: only http sources can be posted to", source, f.c.Type())
		case f.c.HTTP != nil:
			known = append(known, f.name)
		}
	}
	return nil, api.Unknown("http source", source, known)
}

// Publish implements [api.Ingest].
func (i inlet) Publish(ctx context.Context, source string, p api.Publication) (api.Published, error) {
	f, err := i.find(source)
	if err != nil {
		return api.Published{}, err
	}
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
		return api.Published{}, api.Errorf(api.Unavailable, "source %s: the wheel is going down; try again when it is back", source)
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

// Limits implements [api.Ingest].
func (i inlet) Limits(source string) (api.IngestLimits, error) {
	f, err := i.find(source)
	if err != nil {
		return api.IngestLimits{}, err
	}
	return api.IngestLimits{
		MaxMessage: int64(i.c.Arena.MaxMessage), MaxRequest: int64(i.c.Ingest.MaxRequest), MaxMessages: i.c.Ingest.MaxMessages, Headers: f.c.HTTP.Headers,
	}, nil
}

// sessions is the wheel as [api.Sessions].
type sessions struct{ *wheel }

var _ api.Sessions = sessions{}

// Names implements [api.Sessions].
func (s sessions) Names() []string { return sorted(s.session) }

// Open implements [api.Sessions].
func (s sessions) Open(name string) (api.Session, error) {
	if open, ok := s.session[name]; ok {
		return open, nil
	}
	return nil, api.Unknown("session", name, s.Names())
}

// Writable implements [api.Sessions]: a session is written by the wheel or by clients, never both.
func (s sessions) Writable(name string) bool { return s.c.Sessions[name].Writable }

// Check looks at a config as Run would, but opens nothing: it builds and loads the plugins, starts each once to see what
// it declares, and compares that with who reads it.
func Check(ctx context.Context, c config.Config, o Options) ([]config.Warning, error) {
	w := &wheel{c: c, o: o}
	return w.check(ctx)
}
