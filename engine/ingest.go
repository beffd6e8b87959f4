package engine

import (
	"context"
	"errors"

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
func (i inlet) Publish(ctx context.Context, source string, messages []api.IngestMessage) (uint64, error) {
	f, err := i.find(source)
	if err != nil {
		return 0, err
	}
	out := make([]ingest.Message, len(messages))
	for n, m := range messages {
		out[n] = ingest.Message{Key: m.Key, Payload: m.Payload, Headers: m.Headers, Time: m.Time}
	}
	first, err := f.queue.Publish(ctx, out)
	var full *ingest.FullError
	switch {
	case errors.As(err, &full):
		return 0, api.Errorf(api.ResourceExhausted, "%v", full).With(api.DetailRetryAfter, full.RetryAfter.String())
	case errors.Is(err, ingest.ErrTooLarge):
		return 0, api.TooLarge("%v", err)
	}
	return first, err
}

// MaxMessage implements [api.Ingest].
func (i inlet) MaxMessage(source string) (int64, error) {
	_, err := i.find(source)
	return int64(i.c.Arena.MaxMessage), err
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

// Writable implements [api.Sessions]: a session that reads something is written by the wheel alone.
func (s sessions) Writable(name string) bool { return len(s.c.Sessions[name].From) == 0 }

// Check looks at a config as Run would, but opens nothing: it builds and loads the plugins, starts each once to see what
// it declares, and compares that with who reads it.
func Check(ctx context.Context, c config.Config, o Options) ([]config.Warning, error) {
	w := &wheel{c: c, o: o}
	return w.check(ctx)
}
