// Package metrics serves the wheel's figures to Prometheus, and its health: /metrics, /livez and /readyz.
//
// # Usage
//
//	handler := metrics.New(svc)
//	mux.Handle("GET /metrics", handler)
//
// # Ownership
//
// Figures are read from [api.Service.Stats] at each scrape; nothing is counted here.
//
// # Failure
//
// A scrape of a wheel that does not answer fails as a whole with 500; it never gives half of the figures.
package metrics
