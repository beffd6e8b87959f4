// Package engine wires a wheel: a configuration in, a running wheel out. It is also the entry for programs that link
// Pelton and their own native plugins.
//
//	config ──▶ store, arenas ──▶ plugins ──▶ sessions, sinks ──▶ loops ──▶ api, listeners
//
// # Usage
//
//	c, err := config.Load("pelton.yaml", os.Environ())
//	err = engine.Run(ctx, c, engine.Options{Native: native.Registry{…}})
//
// # Ordering
//
// What is downstream opens first and closes last: targets exist before a lane can emit, and a lane has handed over
// everything before its targets close (D2).
//
// # Ownership
//
// Run owns everything that it opened and returns when all of it is closed. The engine holds no state of messages: that
// is the loops', the sessions' and the store's.
//
// # Failure
//
// Errors are of one of two classes, [ErrUsage] and [ErrEnvironment], or neither: a failure while running. A store that
// fails for good, or a lane that can't go on, ends Run with that error.
package engine
