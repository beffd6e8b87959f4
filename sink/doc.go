// Package sink takes effects out of Pelton: the contract of a sink, and the worker that stands between one sink and the
// loops.
//
//	loop ─▶ Offer ─▶ bounded queue ─▶ worker ─▶ Sink.Write ─▶ the place
//	  ▲                                  │
//	  └──── Complete(token), Room() ─────┘ once durable
//
// # Usage
//
//	w := sink.Start(sink.Options{Name: "late", Sink: s})
//	taken := w.Offer(effects, loop) // never blocks; loop.Room() follows if not all were taken
//	…
//	err := w.Close(ctx)
//
// # Ordering
//
// The effects of one caller are written in the order of its calls; those of several callers in the order in which Offer
// took them. A write that fails holds everything behind it.
//
// # Ownership
//
// The worker has one goroutine, which alone uses the sink, and ends with Close. Effects are owned by whoever holds
// them; no byte of one aliases an arena (S3). Everything accepted and not yet settled is bounded by Options.Buffer (A2).
//
// # Failure
//
// E2: each effect completes by itself. A transient failure is retried with the same effects and an exponential
// back-off, without end; a [Rejected] one is completed with its error, and the rest goes on. A Write that blocks for
// ever blocks only its own worker: its queue fills, Offer takes nothing, and Close returns when its context ends,
// leaving the goroutine behind until the process exits. Sinks are at least once; sink/file alone repeats nothing (S2).
//
// # Testing
//
// Every sink runs the kit sink/sinktest. The worker waits on channels and timers only, so a test may run it inside a
// testing/synctest bubble.
package sink
