package ingest

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/peltonhq/pelton/api"
)

// New serves POST /v1/sources/{name}; the pattern names the wildcard.
func New(svc *api.Service) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		done, err := serve(svc, name, w, r)
		if err != nil {
			api.WriteError(w, err)
			return
		}
		if done.Known == done.Count {
			w.Header().Set("Idempotency-Replayed", "true")
		}
		api.WriteJSON(w, http.StatusAccepted, accepted{Source: name, Accepted: done.Count, First: done.First, Positions: done.Positions})
	})
}

// accepted is the answer. It is the same for a publication that was there already.
type accepted struct {
	Source    string   `json:"source"`
	Accepted  int      `json:"accepted"`
	First     uint64   `json:"first"`
	Positions []uint64 `json:"positions,omitempty"`
}

func serve(svc *api.Service, source string, w http.ResponseWriter, r *http.Request) (api.Published, error) {
	limits, err := svc.IngestLimits(r.Context(), source)
	if err != nil {
		return api.Published{}, err
	}
	p, err := publication(source, limits, w, r)
	if err != nil {
		return api.Published{}, err
	}
	return svc.Publish(r.Context(), source, p)
}

// publication reads a request.
func publication(source string, limits api.IngestLimits, w http.ResponseWriter, r *http.Request) (p api.Publication, err error) {
	defaults, err := common(source, limits, r.Header)
	if err != nil {
		return p, err
	}
	if p.Key, err = one(source, r.Header, headerOnce); err != nil {
		return p, err
	}
	if _, given := r.Header[headerOnce]; given && p.Key == "" {
		return p, api.Errorf(api.InvalidArgument, "source %s: the header %s is empty; give a key, or leave it out", source, headerOnce)
	}
	if coding := strings.ToLower(r.Header.Get("Content-Encoding")); coding != "" && coding != "identity" {
		return p, api.Errorf(api.InvalidArgument, "source %s: the body is in Content-Encoding %q; send it as it is", source, coding)
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		media = "" // none, or not one that means anything here
	}
	split, many := splitters[media]
	body, err := read(source, limits, many, w, r)
	if err != nil {
		return p, err
	}
	if !many {
		defaults.Payload, defaults.ContentType = body, ""
		p.Messages = []api.IngestMessage{defaults}
		return p, nil
	}
	p.Messages, err = split(source, body, limits.MaxMessages)
	for i := range p.Messages {
		inherit(&p.Messages[i], &defaults)
	}
	return p, err
}

// read reads the whole body, as far as it may go.
func read(source string, limits api.IngestLimits, many bool, w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limit, key := limits.MaxMessage, "arena.max_message"
	if many && limits.MaxRequest > limit {
		limit, key = limits.MaxRequest, "ingest.max_request"
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, api.TooLarge("source %s: the body has more than %d bytes (%s); send smaller messages, or fewer of them", source, limit, key)
	}
	if e, ok := errors.AsType[*api.Error](err); ok { // it came too slowly
		return nil, e
	}
	if err != nil {
		return nil, api.Errorf(api.InvalidArgument, "source %s: the body broke off after %d bytes: %w; nothing of it was taken", source, len(body), err)
	}
	return body, nil
}
