package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/graphql"
	"github.com/peltonhq/pelton/api/rpc"
	"github.com/peltonhq/pelton/api/web"
	"github.com/peltonhq/pelton/console"
	"github.com/peltonhq/pelton/engine/audit"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/door"
	"github.com/peltonhq/pelton/engine/event"
	"github.com/peltonhq/pelton/engine/feed"
)

// serve answers the API until the run ends.
func (w *wheel) serve(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the run was ended before it began
	}
	w.service = api.New(api.Backend{
		Sessions: sessions{w}, Plugins: plugins{w}, Deliveries: deliveries{w}, Lot: w.letters, Wheel: wheelInfo{w}, Ingest: inlet{w}, Configs: configs{w},
		Guard: w.door.Guard(w.audit), Taps: w.taps,
		Events: w.journal.Since,
	})
	w.answer()
	if w.o.Reload != nil {
		w.again.Go(w.reload)
	}
	return w.watch(ctx)
}

// bindAll opens the listeners before any message is read, so that an address that is taken is found out in time.
func (w *wheel) bindAll(ctx context.Context) (err error) {
	c := w.c.API
	if w.door, err = door.Open(c, func(text string) { w.event(Event{Event: "warning", Reason: text}) }); err != nil {
		return usage(err)
	}
	if err := w.openAudit(); err != nil {
		return err
	}
	for _, l := range []struct {
		key, addr string
		to        *net.Listener
	}{{"api.listen", c.Listen, &w.listeners.http}, {"api.grpc", c.GRPC, &w.listeners.grpc}} {
		opened, err := w.door.Bind(ctx, l.key, l.addr, c.Insecure)
		if _, strangers := errors.AsType[*door.OpenError](err); strangers {
			return usage(err)
		}
		if err != nil {
			return environment(err)
		}
		*l.to = opened
		w.later(func(context.Context) error { return closed(opened.Close()) })
	}
	if err := w.store.SetAddr(w.listeners.http.Addr().String()); err != nil {
		return environment(err)
	}
	return nil
}

func (w *wheel) openAudit() error {
	log, err := audit.Open(audit.Options{
		Dir: w.c.Store.Dir, MaxBytes: int64(w.c.API.Audit.MaxBytes),
		Told:   func(e api.Entry) { w.event(Event{Event: "audit", Bulk: event.Bulk{Audit: &e}}) },
		Failed: func(err error) { w.event(Event{Event: "warning", Reason: err.Error()}) },
	})
	if err != nil {
		return environment(err)
	}
	w.audit = log
	w.later(func(context.Context) error { return log.Close() })
	return nil
}

// closed takes no offence at a listener that its server has closed already.
func closed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (w *wheel) answer() {
	page, rpcs := w.listeners.http, w.listeners.grpc
	c, receive := w.c.API, w.receive()
	o := web.Options{
		Console: console.Handler(), Receive: receive, Gate: w.door.Gate, Hosts: c.Hosts, Origins: c.CORS.Origins, Meter: w.door.Meter,
		GraphQL: w.graphql(), BodyRate: int64(c.Limits.BodyRate), Headers: int(c.Limits.Headers), Streams: c.Limits.ConnectionStreams,
		Poll: c.Poll.Std(), Stall: c.Limits.Stall.Std(), Messages: c.Limits.AppendMessages,
	}
	server := web.NewServer(web.NewHandler(w.service, o), o)
	server.TLSConfig = w.door.TLS
	grpc := rpc.NewGRPC(w.service, rpc.Options{
		Receive: receive, TLS: w.door.TLS, Gate: w.door.Gate, Headers: int(c.Limits.Headers), Streams: c.Limits.ConnectionStreams,
		Stall: c.Limits.Stall.Std(), Meter: w.door.Meter,
	})
	serve := server.Serve
	if w.door.TLS != nil {
		serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	go func() {
		if err := serve(page); !errors.Is(err, http.ErrServerClosed) {
			w.fail(fmt.Errorf("api.listen %s: %w", page.Addr(), err))
		}
	}()
	go func() {
		if err := grpc.Serve(rpcs); err != nil {
			w.fail(fmt.Errorf("api.grpc %s: %w", rpcs.Addr(), err))
		}
	}()
	w.later(func(ctx context.Context) error {
		// Streams end first, with a word to their clients; then nothing new comes in while the lanes drain.
		w.service.Close()
		grpc.Drain()
		return server.Shutdown(ctx)
	})
	w.event(Event{Event: "listening", HTTP: page.Addr().String(), GRPC: rpcs.Addr().String(), TLS: w.door.TLS != nil})
}

// graphql has the limits of that endpoint.
func (w *wheel) graphql() graphql.Limits {
	l := w.c.API.GraphQL
	return graphql.Limits{
		Body: int64(l.Body), Tokens: l.Tokens, Depth: l.Depth, Aliases: l.Aliases, Complexity: l.Complexity, Items: l.Items,
		Operations: l.Operations, Init: time.Duration(l.Init), Stall: time.Duration(l.Stall), Closed: !l.Introspection,
	}
}

// receive is the largest request over gRPC: what ingest takes, with room for its headers, or a piece of an artifact.
func (w *wheel) receive() int {
	return int(min(max(32*config.MiB, w.c.Ingest.MaxRequest+w.c.Ingest.MaxRequest/4+config.MiB), 1<<31-1))
}

// watch waits for the end: of ctx, of the messages with --until-idle, or of something that can't go on. Meanwhile it
// tells of pauses, and once that the wheel has settled.
func (w *wheel) watch(ctx context.Context) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	paused := map[string]string{}
	told := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-w.fatal:
			return err
		case <-tick.C:
		}
		for _, f := range w.now().feeds {
			f.Sample(time.Now())
		}
		w.tellPauses(paused)
		w.progress()
		if !told && w.hasSettled() {
			told = true
			figures, err := w.figures(ctx)
			if err != nil {
				return err
			}
			w.event(Event{Event: "settled", Figures: figures})
			if w.o.UntilIdle {
				return nil
			}
		}
	}
}

// tellPauses tells when a source pauses and when it goes on.
func (w *wheel) tellPauses(paused map[string]string) {
	for _, f := range w.now().feeds {
		reason, before := f.Paused(), paused[f.Name]
		paused[f.Name] = reason
		switch {
		case reason != "" && before == "":
			w.event(Event{Event: "paused", Source: f.Name, Reason: reason})
		case reason == "" && before != "":
			w.event(Event{Event: "resumed", Source: f.Name})
		}
	}
}

func (w *wheel) progress() {
	if w.o.Progress == nil {
		return
	}
	var done, total uint64
	for _, f := range w.now().feeds {
		for _, r := range f.Loops() {
			if size := feed.SizeOf(r.Lane); size > 0 {
				done += r.Loop.Stats().Watermark
				total += size
			}
		}
	}
	w.o.Progress(done, total)
}
