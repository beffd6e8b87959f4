// Package ingest takes messages over plain HTTP: POST /v1/sources/{name}.
//
// # Usage
//
//	curl -d '{"origin":"ORD"}' http://127.0.0.1:7070/v1/sources/orders
//	curl -H 'Content-Type: application/x-ndjson' --data-binary @orders.jsonl http://127.0.0.1:7070/v1/sources/orders
//	curl -H 'Content-Type: application/vnd.pelton.batch+json' -d '{"messages":[{"key":"a","payload":{"n":1}}]}' …
//
// # Ordering
//
// The answer is 202 after every message of the request is durable, and none is when it is another one. Messages keep
// the order of the request.
//
// # Ownership
//
// A body is read whole and belongs to the service from Publish on.
//
// # Failure
//
// 400 a body that cannot be read, 404 an unknown source, 413 a message or body that is too large, 429 with
// Retry-After a queue that is full. The body says which message is wrong.
package ingest
