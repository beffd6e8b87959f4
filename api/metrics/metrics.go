package metrics

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/peltonhq/pelton/api"
)

// patience is how long a scrape or a health check waits for the wheel.
const patience = 5 * time.Second

// New serves the wheel's figures and those of the Go runtime, in a registry of their own.
func New(svc *api.Service) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		&collector{svc: svc},
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	figures := promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The collector has no request, and asks as the wheel itself: who may see figures is asked here.
		if _, err := svc.Stats(r.Context()); err != nil {
			api.WriteError(w, err)
			return
		}
		figures.ServeHTTP(w, r)
	})
}

// Health answers 200 and "ok", or 503 and the reason, as check says.
func Health(check func(context.Context) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if err := check(ctx); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, err.Error()+"\n")
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	})
}
