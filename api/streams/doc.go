// Package streams speaks the Durable Streams protocol: HTTP streams that are appended to, read from any offset, and
// followed live, by clients that know no Pelton.
//
//	PUT, POST, DELETE, HEAD, GET  /v1/stream/{name}/{key}
//
// # Usage
//
//	curl -X PUT  -H 'Content-Type: text/plain' http://127.0.0.1:7070/v1/stream/answers/42
//	curl -X POST -H 'Content-Type: text/plain' -d 'hello' http://127.0.0.1:7070/v1/stream/answers/42
//	curl -N 'http://127.0.0.1:7070/v1/stream/answers/42?offset=-1&live=sse'
//
// # Streams and sessions
//
// A stream is a session: each append is a snapshot, each JSON message is one, and an offset is a cursor with both
// numbers padded to 20 digits, EPOCH_ID, so that offsets sort as text. So whatever reads sessions reads streams, and the
// sessions that the wheel writes can be read here; their streams answer 405 to writes. A key may have slashes.
//
// # Ordering
//
// Appends of one stream are in the order in which they were answered. A read gives consecutive snapshots, or 410 with
// the offset to resume at when they are gone (S1).
//
// # Ownership
//
// One goroutine, the request's, writes. Snapshots are shared and only read.
//
// # Failure
//
// Errors are JSON, {"error": {"code", "message", "detail"}}, with the statuses of the protocol. Forks are not
// available: 501.
//
// # Testing
//
// The protocol's own conformance suite runs against a wheel in .ci/steps/62-streams.sh.
package streams
