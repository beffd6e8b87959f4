package web

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/peltonhq/pelton/api"
)

// reads are the plain JSON reads, in the shapes of the CLI's --json.
type reads struct{ svc *api.Service }

func (r reads) mount(mux Mux) {
	mux.HandleFunc("GET /v1/sessions", r.names)
	mux.HandleFunc("GET /v1/sessions/{name}", r.heads)
	mux.HandleFunc("GET /v1/sessions/{name}/{key}", r.document)
	mux.HandleFunc("GET /v1/stats", func(w http.ResponseWriter, req *http.Request) {
		answer(w)(r.svc.Stats(req.Context()))
	})
	mux.HandleFunc("GET /v1/topology", func(w http.ResponseWriter, req *http.Request) {
		answer(w)(r.svc.Topology(req.Context()))
	})
	mux.HandleFunc("GET /v1/plugins", func(w http.ResponseWriter, req *http.Request) {
		answer(w)(r.svc.Plugins(req.Context()))
	})
}

// answer writes what a method of the service gave.
func answer(w http.ResponseWriter) func(v any, err error) {
	return func(v any, err error) {
		if err != nil {
			api.WriteError(w, err)
			return
		}
		api.WriteJSON(w, http.StatusOK, v)
	}
}

func (r reads) names(w http.ResponseWriter, req *http.Request) {
	names, err := r.svc.Names(req.Context())
	if err != nil {
		api.WriteError(w, err)
		return
	}
	rows := make([]map[string]string, len(names))
	for i, name := range names {
		rows[i] = map[string]string{"name": name}
	}
	api.WriteJSON(w, http.StatusOK, rows)
}

// heads is one array of all sessions of a name, written page by page; with ?limit=, of the first ones behind ?after=.
func (r reads) heads(w http.ResponseWriter, req *http.Request) {
	query := req.URL.Query()
	limit, err := number(query.Get("limit"))
	if err != nil {
		api.WriteError(w, err)
		return
	}
	name := req.PathValue("name")
	page, next, err := r.svc.Heads(req.Context(), name, query.Get("after"), int(limit))
	if err != nil {
		api.WriteError(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	out := json.NewEncoder(w)
	_, _ = w.Write([]byte("["))
	for written := 0; ; {
		for i := range page {
			if written > 0 {
				_, _ = w.Write([]byte(","))
			}
			if err := out.Encode(page[i]); err != nil {
				panic(http.ErrAbortHandler) // the client is gone
			}
			written++
		}
		if next == "" || limit > 0 {
			break
		}
		if page, next, err = r.svc.Heads(req.Context(), name, next, 0); err != nil {
			panic(http.ErrAbortHandler) // a cut array must not look whole
		}
	}
	_, _ = w.Write([]byte("]\n"))
}

func (r reads) document(w http.ResponseWriter, req *http.Request) {
	id, err := number(req.URL.Query().Get("id"))
	if err != nil {
		api.WriteError(w, err)
		return
	}
	snap, err := r.svc.Get(req.Context(), req.PathValue("name"), req.PathValue("key"), id)
	if err != nil {
		api.WriteError(w, err)
		return
	}
	api.WriteJSON(w, http.StatusOK, api.DocumentOf(&snap))
}

// number reads a query parameter; the empty one is 0.
func number(text string) (uint64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, api.Errorf(api.InvalidArgument, "%q is not a number", text)
	}
	return n, nil
}
