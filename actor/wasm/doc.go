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
//	call: 100,000 units of fuel ─▶ asks ─▶ the first time: note the clock on the wall, Heartbeat to the actor
//	                                 ├─▶ after a sixteenth of the limit: keep the thread, note where its clock stands
//	                                 ├─▶ later: a new answer in the window? the limit starts anew; Heartbeat
//	                                 └─▶ used up, the caller gave up, or closed ─▶ panic: the engine unwinds the guest
//
// The guest asks on its own goroutine (package fuel), so there is no timer, no second goroutine and no lock. A call that
// ends before it asks twice reads no clock of a thread; most don't ask at all. What the host does for a guest within one
// call of an import (random bytes, lines of output) is counted in bytes and asks as well. A guest is ended when it has
// used 1 to about 1.2 times its limit since its last answer was seen, which is within an eighth of the limit. It gains at
// most one limit per delivery, since an answer counts once. Its sleeps count as used. Elsewhere than on Linux time is
// that on the wall.
//
// The time between two questions is 12 to 160 µs on plain code. Questions are where the scheduler and the collector of the
// host get their turn.
//
// # Memory
//
// A guest's linear memory is address space of limits.memory. Its tables are the host's memory, and bounded when the
// module is rewritten. Its stack is the engine's: recursion without end takes about 160 MiB of the host's heap before
// the engine ends it, and gives it back.
//
// # Testing
//
// The conformance kit runs on guests which the tests build once: as their compilers made them, with the engine's own
// termination, and rewritten; with payloads copied and shown. What each of its tests was told must be the same before and
// after. Go is in every run, C, Rust and AssemblyScript are under the tag sdks. No .wasm file is committed. The time is tested with
// a clock of the test's own under testing/synctest, and on a machine that the test overloads. Hostile guests are put
// together by hand (hostile_test.go): each is ended by its time, while the collector and a healthy guest go on.
package wasm
