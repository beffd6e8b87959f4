package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/rpc"
	"github.com/peltonhq/pelton/api/web"
	"github.com/peltonhq/pelton/console"
	"github.com/peltonhq/pelton/engine/config"
)

// serve answers the API until the run ends.
func (w *wheel) serve(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the run was ended before it began
	}
	w.service = api.New(api.Backend{
		Sessions: sessions{w}, Plugins: plugins{w}, Deliveries: deliveries{w}, Lot: w.letters, Wheel: wheelInfo{w}, Ingest: inlet{w},
	})
	w.answer()
	return w.watch(ctx)
}

// bindAll opens the listeners before any message is read, so that an address that is taken is found out in time.
func (w *wheel) bindAll(ctx context.Context) (err error) {
	if w.listeners.http, err = bind(ctx, "api.listen", w.c.API.Listen, w.c.API.Insecure); err != nil {
		return err
	}
	w.later(func(context.Context) error { return closed(w.listeners.http.Close()) })
	if w.listeners.grpc, err = bind(ctx, "api.grpc", w.c.API.GRPC, w.c.API.Insecure); err != nil {
		return err
	}
	w.later(func(context.Context) error { return closed(w.listeners.grpc.Close()) })
	if err := w.store.SetAddr(w.listeners.http.Addr().String()); err != nil {
		return environment(err)
	}
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
	receive := w.receive()
	server := web.NewServer(web.NewHandler(w.service, web.Options{Console: console.Handler(), Receive: receive}))
	grpc := rpc.NewGRPC(w.service, rpc.Options{Receive: receive})
	go func() {
		if err := server.Serve(page); !errors.Is(err, http.ErrServerClosed) {
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
	w.event(Event{Event: "listening", HTTP: page.Addr().String(), GRPC: rpcs.Addr().String()})
}

// receive is the largest request over gRPC: what ingest takes, with room for its headers, or a piece of an artifact.
func (w *wheel) receive() int {
	return int(min(max(32*config.MiB, w.c.Ingest.MaxRequest+w.c.Ingest.MaxRequest/4+config.MiB), 1<<31-1))
}

// bind opens one listener. An address that is not loopback would be open to others without TLS and authentication.
func bind(ctx context.Context, key, addr string, insecure bool) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, usage(fmt.Errorf("%s %q: want HOST:PORT, for example 127.0.0.1:7070", key, addr))
	}
	if !loopback(host) && !insecure {
		return nil, usage(fmt.Errorf("%s %s is not a loopback address: anybody who reaches it could change the wheel; use 127.0.0.1, or --insecure-bind", key, addr))
	}
	return listen(ctx, key, addr)
}

// loopback reports whether only this machine reaches a host.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func listen(ctx context.Context, key, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, environment(fmt.Errorf("%s: %w; is another wheel running? set %s to a free address, or to port 0", key, err, key))
	}
	return l, nil
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
		w.sample()
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
	for _, f := range w.feeds {
		reason, before := f.pause.Reason(), paused[f.name]
		paused[f.name] = reason
		switch {
		case reason != "" && before == "":
			w.event(Event{Event: "paused", Source: f.name, Reason: reason})
		case reason == "" && before != "":
			w.event(Event{Event: "resumed", Source: f.name})
		}
	}
}

// sample keeps rates and pauses up to date, also while nobody asks for figures.
func (w *wheel) sample() {
	now := time.Now()
	for _, f := range w.feeds {
		messages, kind, reason := f.gone().Counts.Admitted, "", ""
		for _, r := range f.loops() {
			s := r.loop.Stats()
			messages += s.Counts.Admitted
			if s.Paused != "" {
				kind, reason = s.Wait, s.Paused
			}
		}
		f.meter.Count(messages, now)
		f.pause.Look(kind, reason, messages, now)
	}
}

func (w *wheel) progress() {
	if w.o.Progress == nil {
		return
	}
	var done, total uint64
	for _, f := range w.feeds {
		for _, r := range f.loops() {
			if size := sizeOf(r.lane); size > 0 {
				done += r.loop.Stats().Watermark
				total += size
			}
		}
	}
	w.o.Progress(done, total)
}
