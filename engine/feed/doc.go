// Package feed runs one source of a wheel: its arena, and a loop for each of its lanes.
//
//	source ──lanes──▶ loops ──▶ what the wiring names: plugins, sessions, sinks
//	                    ▲
//	      Rewire: drained, and opened again with another wiring
//
// # Usage
//
//	f, err := feed.New(ctx, wheel, name, config, wiring) // the source, nothing is read
//	err = f.Open(ctx)                                     // its lanes
//	err = f.Rewire(ctx, config, another)                  // while it runs
//	err = f.Close(ctx)
//
// # Ordering
//
// A lane's loop is closed, with everything that it handed over settled or given back to the store, BEFORE another begins
// under the lane's name: the new one goes on from the watermark (D2), in the order of the keys (D3), and what is durable
// already is skipped (S2).
//
// # Ownership
//
// A Feed owns its source, its arena and its loops. Each running lane keeps the wiring that it began with: an index in its
// figures is one of that wiring's graph. Lanes that a shared source begins later take the newest.
//
// # Failure
//
// Errors bear the classes of package class. A lane that can't go on, when nobody asked, ends the wheel.
package feed
