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
// never sees an address of the host: it gets copies in its own memory, and what it hands out is copied before the
// call returns.
//
// # Failure
//
// P1: a guest that traps, exits, runs over `limits.time` or out of `limits.memory` is broken: the turn is a fault,
// and the instance must be replaced. An answer outside the ABI, and an emit to an undeclared output or over
// `limits.output`, fail their delivery only.
//
// Time is bounded by wazero's WithCloseOnContextDone, which checks at loop headers. Its price and its hole are in
// docs/abi.md: recursion without loops can outlive the deadline, and a guest that does holds up the collector of
// the whole process.
//
// # Testing
//
// The conformance kit runs on a Go guest which the tests build once. No .wasm file is committed.
package wasm
