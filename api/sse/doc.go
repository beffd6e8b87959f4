// Package sse follows sessions by server-sent events, for browsers and curl.
//
//	GET /v1/sessions/{name}/{key}/events    one session, cursors epoch:id
//	GET /v1/sessions/{name}/events          every key of the name, cursors @epoch:seq
//
// # Usage
//
//	curl -N 'http://127.0.0.1:7070/v1/sessions/airports/ORD/events?after='
//
//	new EventSource("/v1/sessions/airports/ORD/events").addEventListener("snapshot", e => show(JSON.parse(e.data)))
//
// # Events
//
//	hello     {"epoch","oldest","latest","cursor"}; the first one
//	snapshot  the payload as it is when it is JSON, else {"payload_base64","content_type"}; id is the cursor
//	gap       {"reason","from","to"}: what lies behind from, up to and including to, is not given
//	deleted   {"key"}: the session was deleted
//	closed    {"cursor","final"}: the server shuts down (come back then), or with final true a client closed the session
//	error     {"code","message","detail"}; detail.resume says where to go on; the last one
//
// In a stream of a whole name a snapshot's data is {"name","key","epoch","id","time","payload"}, because the payload
// alone does not say whose it is.
//
// # Ordering
//
// Last-Event-ID, else ?after=, is the cursor to resume after; an empty after is the beginning. Without either the
// stream starts with the newest snapshot and goes on live. ?on_gap=reset goes on behind a gap, ?slow=conflate skips to
// the newest for a slow client, ?from=now starts with the next one, ?coalesce=20ms gathers what comes within that time.
// Of a whole name, ?key=A&key=B and ?prefix=P select keys; the rest is skipped without a word.
//
// # Ownership
//
// One goroutine, the request's, writes. While it waits, the session's feed offers what comes to the connection. Snapshots and
// their text are shared and only read.
//
// # Failure
//
// EventSource gives up for good on any status but 200 and hides the body, so every error of a follow comes as event
// error after 200, malformed and unknown ones too. After an error that a reconnect cannot mend, EventSource would
// still reconnect: the client closes it. A client that takes nothing for Options.Stall is cut off.
package sse
