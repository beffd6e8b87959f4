// Package http sends effects to an HTTP server: a request for each, or one for many lines.
//
//	effects ─▶ lanes by key ─▶ POST ─▶ 2xx: done
//	                 ▲          │
//	                 │          ├─ 4xx: rejected; of many lines, each is sent alone to find out which
//	                 └──────────┴─ 401, 403, 407, 408, 425, 429, 3xx, 5xx, no answer: again, behind Retry-After
//
// # Usage
//
//	s, err := http.New(http.Options{URL: "https://example.com/orders"})
//	w := sink.Start(sink.Options{Name: "orders", Sink: s})
//
// # Ordering
//
// Effects of one key go one after the other, those of different keys up to Concurrency at once; those without a key
// count as one key. A failure holds its key, and the Write ends with it when the other keys are through.
//
// # Ownership
//
// The sink belongs to its worker's goroutine. A Write starts one goroutine for each lane, and waits for all.
//
// # Failure
//
// At least once (E2): an answer that was lost, or a crash, sends an effect again. A request for one effect has its id as
// Idempotency-Key, the same each time, so that a server that knows such keys does nothing twice. A request for many lines
// has a key of its lines: it is the same only if exactly these are sent again, so not after a crash.
// H1: the values of headers are in no error, and neither is the query of the URL.
//
// # Testing
//
// The kit sink/sinktest against an HTTP server.
package http
