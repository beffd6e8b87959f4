package sse

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/event"
	"github.com/peltonhq/pelton/api/meter"
)

// Options of the handler. The zero value is ready to use.
type Options struct {
	Stall     time.Duration // how long a client may take nothing; default 30 s
	Meter     *meter.Door   // counts them; nil: nobody does
	KeepAlive time.Duration // between comments, while nothing else makes the stream write by itself; default 15 s
}

func (o Options) complete() Options {
	if o.Stall <= 0 {
		o.Stall = 30 * time.Second
	}
	if o.KeepAlive <= 0 {
		o.KeepAlive = 15 * time.Second
	}
	if o.Meter == nil {
		o.Meter = new(meter.Door)
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
	out := &stream{Writer: event.New(w, h.o.Stall), as: texts}
	out.Stalled = func() { h.o.Meter.Stalled.Add(1) }
	ctx, taken := out.Take(r) // before anything can fail: EventSource hides every other answer
	if taken {
		out.as = chunks
	}
	defer func() { _ = out.End() }() // a client that is gone needs nothing more
	request, err := requestOf(r, log)
	if err == nil {
		err = h.follow(ctx, request, out)
	}
	if err != nil && ctx.Err() == nil {
		out.fail(api.Wrap(err))
	}
}

func (h handler) follow(ctx context.Context, r api.FollowRequest, out *stream) error {
	feed, err := h.svc.Follow(ctx, r)
	if err != nil {
		return err
	}
	defer feed.Close()
	if out.Outlet() {
		feed.Outlet(out.Writer)
	}
	out.hello(feed.Hello())
	for err == nil {
		err = h.quiet(ctx, feed, out)
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	return out.End() // before the feed is closed, which a shutdown waits for
}

// quiet writes what comes until nothing does for a while, and then a comment.
func (h handler) quiet(ctx context.Context, feed *api.Feed, out *stream) error {
	wait, cancel := context.WithCancel(ctx)
	defer cancel()
	timer := time.AfterFunc(h.o.KeepAlive, cancel)
	defer timer.Stop()
	for out.Flush() == nil {
		run, events, err := feed.NextRun(wait, out.as)
		switch {
		case err != nil && wait.Err() != nil && ctx.Err() == nil:
			out.Comment()
			return nil
		case err != nil:
			return err
		case run != nil:
			_ = out.Send(run) // the error stays
		}
		for i := range events {
			out.event(&events[i])
		}
		timer.Reset(h.o.KeepAlive)
	}
	return out.Flush()
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
		{"slow", "block", func() { request.Slow = api.SlowBlock }},
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
	"from": "now, latest or beginning", "on_gap": "fail or reset", "slow": "disconnect, conflate or block",
}
