package engine

import (
	"context"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/feed"
)

// inlet is the wheel as [api.Ingest].
type inlet struct{ *wheel }

var _ api.Ingest = inlet{}

func (i inlet) find(source string) (*feed.Feed, error) {
	var known []string
	for _, f := range i.now().feeds {
		switch c := f.Config(); {
		case f.Name == source && c.HTTP != nil:
			return f, nil
		case f.Name == source:
			return nil, api.Errorf(api.FailedPrecondition, "source %s is %s: only http sources can be posted to", source, c.Type())
		case c.HTTP != nil:
			known = append(known, f.Name)
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
	return f.Publish(ctx, p)
}

// Limits implements [api.Ingest].
func (i inlet) Limits(source string) (api.IngestLimits, error) {
	f, err := i.find(source)
	if err != nil {
		return api.IngestLimits{}, err
	}
	return api.IngestLimits{
		MaxMessage: int64(i.c.Arena.MaxMessage), MaxRequest: int64(i.c.Ingest.MaxRequest), MaxMessages: i.c.Ingest.MaxMessages, Headers: f.Config().HTTP.Headers,
	}, nil
}

// sessions is the wheel as [api.Sessions].
type sessions struct{ *wheel }

var _ api.Sessions = sessions{}

// Names implements [api.Sessions].
func (s sessions) Names() []string { return sorted(s.now().halls) }

// Open implements [api.Sessions].
func (s sessions) Open(name string) (api.Session, error) {
	if open, ok := s.now().halls[name]; ok {
		return open.Sessions, nil
	}
	return nil, api.Unknown("session", name, s.Names())
}

// Writable implements [api.Sessions]: a session is written by the wheel or by clients, never both.
func (s sessions) Writable(name string) bool { return s.now().c.Sessions[name].Writable }

// Check looks at a config as Run would, but opens nothing: it builds and loads the plugins, starts each once to see what
// it declares, and compares that with who reads it.
func Check(ctx context.Context, c config.Config, o Options) ([]config.Warning, error) {
	w := &wheel{c: c, o: o}
	return w.check(ctx)
}
