package ingest

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/peltonhq/pelton/api"
)

// bodyMost is the largest body of a request that carries many messages.
const bodyMost = 64 << 20

// New serves POST /v1/sources/{name}; the pattern names the wildcard.
func New(svc *api.Service) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := serve(svc, w, r)
		if err != nil {
			api.WriteError(w, err)
			return
		}
		api.WriteJSON(w, http.StatusAccepted, answer)
	})
}

type accepted struct {
	Source   string `json:"source"`
	Accepted int    `json:"accepted"`
	First    uint64 `json:"first"`
}

func serve(svc *api.Service, w http.ResponseWriter, r *http.Request) (accepted, error) {
	source := r.PathValue("name")
	most, err := svc.MaxMessage(source)
	if err != nil {
		return accepted{}, err
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		media = "" // none, or not one that means anything here
	}
	limit := most
	split, many := splitters[media]
	if many {
		limit = max(most, bodyMost)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return accepted{}, api.TooLarge("source %s: the body has more than %d bytes; send smaller messages, or fewer of them", source, tooLarge.Limit)
	}
	if err != nil {
		return accepted{}, api.Errorf(api.InvalidArgument, "source %s: read the body: %w", source, err)
	}
	messages := []api.IngestMessage{single(body, r.Header)}
	if many {
		if messages, err = split(source, body); err != nil {
			return accepted{}, err
		}
	}
	first, err := svc.Publish(r.Context(), source, messages)
	return accepted{Source: source, Accepted: len(messages), First: first}, err
}
