// Package http makes the requests of plugins that are granted `http`: bounded in number, size and time, and only to where the
// config allows.
//
//	loop ──Fetch──▶ queue ──▶ at most concurrency at once ──▶ allowed? ──▶ the world
//	  ▲                                                          └─ no ─▶ refused
//	  └──────────── done(response, release) ◀────────────────────────────────┘
//
// # Usage
//
// A [Client] is one plugin's. [New] reads its allow-list; the lanes call [Client.Fetch].
//
// # What is allowed
//
// A request and each redirect goes to a HOST:PORT of the list, or it is refused. An address that is loopback, private or
// otherwise not of the public internet is refused, unless it is in the list as such (127.0.0.1:80, localhost:80), or the
// plugin may use private ones: so a name can't be made to point inside. It is checked at the dial, after the name is
// resolved. Nothing is taken from the environment: no proxy.
//
// # Ordering
//
// Requests of a plugin are begun in the order in which they were handed over, and end as they like.
//
// # Ownership
//
// A request belongs to the client from Fetch on, a response to who gets it. A request holds its place among those at once
// until its response is released, so that what responses take up is bounded by concurrency × (max_response + max_headers).
//
// # Failure
//
// Whatever happens to a request ends in a response, which names the kind of failure; a client never tries again by itself.
// Close ends what is under way without an answer.
//
// # Testing
//
// Against servers on loopback; a dialer of the test's own stands for names that lead elsewhere.
package http
