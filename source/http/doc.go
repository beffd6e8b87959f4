// Package http is the durable queue behind POST /v1/sources/{name}: what was published is a message once the call
// returned, whatever crashes. It speaks no HTTP itself; the API calls [Queue.Publish].
//
//	Publish ─▶ store (group commit) ─▶ durable ─▶ lane "ingest" ─▶ decoder
//	   ▲                                  │            │
//	   └──────── sequence number ◀────────┘            └── Settled(w): deleted below w
//
// # Usage
//
//	q, err := http.Open(ctx, http.Options{Name: "orders", Store: s})
//	first, err := q.Publish(ctx, []http.Message{{Payload: body}})
//	lanes, err := q.Open(ctx)
//
// # Ordering
//
// The position of a message is its sequence number, from 1. The messages of one Publish are consecutive, all or none
// of them. Numbers are given out and appended under one lock, so they are in the log in order: when a message is
// durable, no lower one comes after it. A failed append leaves a gap in the numbers.
//
// # Ownership
//
// Publish may be called from any goroutine; the store has the payloads until it returns. Read is the reader's, Settled
// the loop's.
//
// # Failure
//
// Q1: a message whose Publish returned nil is read until it is settled. When the unsettled messages take MaxBytes, or
// the oldest of them is older than MaxAge, or the store is full, Publish fails with a [FullError] that says when to
// try again; nothing is dropped for room. When its context ends first, the message may be published all the same.
//
// Q2: a sequence number is never given out again: the newest record stays in the store also when it is settled, and
// tells the next number after a restart.
package http
