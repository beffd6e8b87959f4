// Package ingest is the durable queue behind sources that can't be asked again: what is posted to the API (http), what
// MQTT clients publish (source/mqtt), what comes through standard input (source/stdin). What was published is a message
// once the call returned, whatever crashes.
//
//	Publish ─▶ store (group commit) ─▶ durable ─▶ lane "ingest" ─▶ decoder
//	   ▲                                  │            │
//	   └──────── sequence number ◀────────┘            └── Settled(w): deleted below w
//
// # Usage
//
//	q, err := ingest.Open(ctx, ingest.Options{Name: "orders", Store: s})
//	first, err := q.Publish(ctx, []ingest.Message{{Payload: body}})            // fails when the queue is full
//	receipt, err := q.PublishOnce(ctx, []ingest.Unit{{ID: key, Messages: all}}) // does nothing for a key that it knows
//	err = q.Send(ctx, all, done)                                                // waits for room, then tells done
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
// Publish and its sisters may be called from any goroutine; the store has the payloads until the outcome is told. Read
// is the reader's, Settled the loop's.
//
// # Failure
//
// Q1: a message whose Publish returned nil is read until it is settled. When the unsettled messages take MaxBytes, or
// the oldest of them is older than MaxAge, or the store is full, Publish fails with a [FullError] that says when to
// try again, and Send waits; nothing is dropped for room. When its context ends first, the message may be published all
// the same.
//
// Q2: a sequence number is never given out again: the newest record stays in the store also when it is settled, and
// tells the next number after a restart.
//
// Q3: an id is stored in the same append as its messages, so after a crash both are there or neither. While it is
// remembered (MaxIDs, IDAge) a unit of that id and content stores nothing and gets the same answer; other content is an
// [ErrReused]. Two calls with one id at once: the second waits for the first.
//
// # Testing
//
// The kit source/sourcetest, restarts and crashes at random, and the real program killed while it is posted to.
package ingest
