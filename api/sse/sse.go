package sse

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/event"
)

// Options of the handler. The zero value is ready to use.
type Options struct {
	Stall     time.Duration // how long a client may take nothing; default 30 s
	KeepAlive time.Duration // between comments on an idle stream; default 15 s
}

func (o Options) complete() Options {
	if o.Stall <= 0 {
		o.Stall = 30 * time.Second
	}
	if o.KeepAlive <= 0 {
		o.KeepAlive = 15 * time.Second
	}
	return o
}

// Mount adds the streams to the mux.
func Mount(mux interface {
	HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request))
}, svc *api.Service, o Options) {
	h := handler{svc: svc, o: o.complete()}
	mux.HandleFunc("GET /v1/sessions/{name}/{key}/events", func(w http.ResponseWriter, r *http.Request) { h.serve(w, r, false) })
	mux.HandleFunc("GET /v1/sessions/{name}/events", func(w http.ResponseWriter, r *http.Request) { h.serve(w, r, true) })
}

type handler struct {
	svc *api.Service
	o   Options
}

func (h handler) serve(w http.ResponseWriter, r *http.Request, log bool) {
	out := &stream{Writer: event.New(w, h.o.Stall), log: log}
	out.Open() // before anything can fail: EventSource hides every other answer
	err := h.follow(r, out)
	if err != nil && r.Context().Err() == nil {
		out.fail(api.Wrap(err))
	}
	_ = out.Flush() // a client that is gone needs nothing more
}

func (h handler) follow(r *http.Request, out *stream) error {
	request, err := requestOf(r, out.log)
	if err != nil {
		return err
	}
	feed, err := h.svc.Follow(r.Context(), request)
	if err != nil {
		return err
	}
	defer feed.Close()
	out.hello(feed.Hello())
	for {
		if err := out.Flush(); err != nil {
			return err
		}
		events, err := h.next(r.Context(), feed, out)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range events {
			out.event(&events[i])
		}
	}
}

// next waits for events and writes a comment whenever there are none for a while.
func (h handler) next(ctx context.Context, feed *api.Feed, out *stream) ([]api.Event, error) {
	for {
		wait, cancel := context.WithTimeout(ctx, h.o.KeepAlive)
		events, err := feed.Next(wait)
		idle := wait.Err() != nil && ctx.Err() == nil
		cancel()
		if err == nil || !idle {
			return events, err
		}
		out.Comment()
		if err := out.Flush(); err != nil {
			return nil, err
		}
	}
}

// requestOf reads the follow from headers and query.
func requestOf(r *http.Request, log bool) (api.FollowRequest, error) {
	query := r.URL.Query()
	request := api.FollowRequest{Name: r.PathValue("name"), Key: r.PathValue("key"), Log: log}
	if query.Has("after") {
		request.From, request.After = api.FromAfter, query.Get("after")
	}
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		request.From, request.After = api.FromAfter, id
	}
	if log {
		request.Keys, request.Prefix = query["key"], query.Get("prefix")
	}
	if text := query.Get("coalesce"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			return request, api.Errorf(api.InvalidArgument, "coalesce=%.40q: no duration; want for example 20ms", text)
		}
		request.Coalesce = d
	}
	words := []struct {
		name, word string
		set        func()
	}{
		{"from", "now", func() { request.From = api.FromNow }},
		{"from", "latest", func() { request.From = api.FromLatest }},
		{"from", "beginning", func() { request.From = api.FromBeginning }},
		{"on_gap", "reset", func() { request.OnGap = api.OnGapReset }},
		{"on_gap", "fail", func() {}},
		{"slow", "conflate", func() { request.Slow = api.SlowConflate }},
		{"slow", "disconnect", func() {}},
	}
	for _, name := range []string{"from", "on_gap", "slow"} {
		value := query.Get(name)
		known := value == ""
		for _, w := range words {
			if w.name != name || w.word != value {
				continue
			}
			known = true
			if name != "from" || request.From == 0 { // a cursor, which a reconnect brings along, wins
				w.set()
			}
		}
		if !known {
			return request, api.Errorf(api.InvalidArgument, "%s=%q: unknown; want %s", name, value, choices[name])
		}
	}
	return request, nil
}

var choices = map[string]string{
	"from": "now, latest or beginning", "on_gap": "fail or reset", "slow": "disconnect or conflate",
}
