// Package ingest takes messages over plain HTTP: POST /v1/sources/{name}.
//
// # Usage
//
//	curl -d '{"origin":"ORD"}' http://127.0.0.1:7070/v1/sources/orders
//	curl -H 'Content-Type: application/x-ndjson' --data-binary @orders.jsonl http://127.0.0.1:7070/v1/sources/orders
//	curl -H 'Content-Type: application/vnd.pelton.batch+json' -d '[{"key":"a","payload":{"n":1}}]' …
//
// The body is one message, lines, or a batch, as its Content-Type says. Headers X-Pelton-Key and X-Pelton-Time are the
// key and time of its messages, Idempotency-Key publishes it once, traceparent and tracestate go along, and so do
// those that begin with X-Pelton- and those that the source's config names. A message of a batch may have key, time,
// headers and idempotency_key of its own.
//
// # Ordering
//
// The answer is 202 after every message of the request is durable, and none is when it is another one. Messages keep
// the order of the request. A request that was made before, by its idempotency key, gets the answer that it got.
//
// # Ownership
//
// A body is read whole and belongs to the service from Publish on.
//
// # Failure
//
// 400 a body or header that cannot be read, 404 an unknown source, 409 a source that takes no requests, 413 a message or
// body that is too large, 422 an idempotency key that stands for something else, 429 with Retry-After a queue that is
// full. The body says which message is wrong, and which limit.
package ingest
