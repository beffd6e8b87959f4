// Package stdin reads standard input, or any stream that can't be read again, through the durable queue of
// source/ingest.
//
//	input ─▶ frames ─▶ queue (durable) ─▶ lane "ingest" ─▶ decoder
//
// # Usage
//
//	q, err := ingest.Open(ctx, ingest.Options{Name: "lines", Store: s, Finite: true})
//	lines, err := stdin.New(stdin.Options{Queue: q, Input: os.Stdin})
//	lanes, err := lines.Open(ctx) // begins to read
//
// # Ordering
//
// The position of a message is its number in the queue, which goes on over restarts: a run first gives what an earlier
// one left. The lane ends when the input has, and everything is read.
//
// # Ownership
//
// One goroutine cuts frames and publishes them, and ends with Close. Another one does nothing but read: a read of standard
// input can't be ended, so after Close it stays until the input gives something or the process ends. What it read then is
// lost.
//
// # Failure
//
// What is in the queue survives everything (Q1). A kill loses what was read and is not in the queue yet: at most one read
// of 64 KiB, one batch of as much, and an unfinished frame; the source can't tell its upstream. When the queue is full
// nothing is read, so whoever writes to the pipe waits.
//
// # Testing
//
// The kit source/sourcetest, and the real program killed in the midst of its input.
package stdin
