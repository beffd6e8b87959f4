// Package wasm runs plugins that are WebAssembly modules, on wazero. The bytes that cross the boundary are
// described in docs/abi.md.
//
//	turn ──▶ stage: payloads, keys and located fields into the guest's window
//	     ──▶ one call per chunk of the window ──▶ emits come in through imports, are copied into the turn
//	     ──▶ verdicts are read out of the descriptors and checked
//
// # Usage
//
//	runtime, err := wasm.New(ctx, wasm.Options{CacheDir: dir})
//	module, err := runtime.Load(ctx, artifact)
//	instance, err := module.Start(ctx, actor.Env{…})
//	err = instance.Handle(ctx, turn)
//
// # Ordering
//
// D3: a delivery whose predecessor of the same key is in an earlier chunk is offered only if that one was acked or
// dead; within a chunk the guest sees to it, and the host checks it.
//
// # Ownership
//
// An [Instance] is used by one goroutine at a time, its actor. A [Module] and a [Runtime] may be shared. The guest
// never sees an address of the host: it gets copies in its own memory, or is shown messages there, and what it hands out is copied before the
// call returns.
//
// # Window
//
// Payloads are copied into the guest's window, or, if its Env has room for arenas, large ones are shown there where they
// lie, copy-on-write: overlay.go. A1 holds for the host and all others, since a guest writes into pages of its own; they
// are dropped when the call is over that was shown them. The mapping lives in the guest's reservation and goes with it,
// when the instance's last call is over; it outlives an arena that is closed before.
//
// # Failure
//
// P1: a guest that traps, exits, runs over `limits.time` or out of `limits.memory` is broken: the turn is a fault,
// and the instance must be replaced. An answer outside the ABI, and an emit to an undeclared output or over
// `limits.output`, fail their delivery only.
//
// # Time
//
// `limits.time` is processor time of one delivery or fold. Time on the wall would make faults of turns that only wait
// for a processor, and a limit of the whole turn would make faults of batches.
//
//	begin: lock the thread, arm ─▶ look ─▶ under the limit: look again when it could be used up, Heartbeat to the actor
//	                                 ├─▶ a new answer in the window, or a call over: the limit starts anew
//	                                 └─▶ used up, or blocked too long on the wall ─▶ end: the engine stops the guest
//
// A turn that is over before the first look, after an eighth of the limit, costs a lock of the thread, its id (0.1 µs)
// and a reset of the timer, and no allocation. Until then the watch does not know where the thread's clock stood, so it
// lets pass up to an eighth more. A guest that answers just before a look gains up to another limit. A guest gains at
// most one limit per delivery, since an answer counts once. Its sleeps count as used. Elsewhere than on Linux the
// same watch goes by the wall.
//
// The guest is stopped by wazero's WithCloseOnContextDone, which checks at loop headers. Its price and its hole are in
// docs/abi.md: recursion without loops can outlive the deadline, and a guest that does holds up the collector of
// the whole process.
//
// # Testing
//
// The conformance kit runs on a Go guest which the tests build once. No .wasm file is committed. The watch is tested with
// a clock of the test's own under testing/synctest, and on a machine that the test overloads.
package wasm
