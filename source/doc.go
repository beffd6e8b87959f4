// Package source is the contract of the origins of messages: each is cut into lanes, and a lane feeds a decoder. It
// holds no registry: package engine knows the sources that there are.
//
//	Open ─▶ lanes ─▶ Resume(stored) ─▶ Read(from) ─▶ decoder ─▶ loop
//	                                       ▲                      │
//	                            back-off ──┴──── Settled(w) ◀─────┘ durable watermark
//
// # Usage
//
//	lanes, err := s.Open(ctx)
//	id, from := source.Resume(lane, storedIncarnation, storedPosition)
//	d, err := decode.New(config, arenaLane, &id, out, time.Now)
//	err = lane.Read(ctx, from, d)
//
// # Ordering
//
// Read hands frames over in position order, from the first whose position is not below `from`: reading again from the
// Next of any frame gives exactly the frames behind it. What was handed over and not settled is handed over again
// after a restart (at least once).
//
// # Ownership
//
// Read and the decoder belong to the lane's reader goroutine, Settled is called from its loop. When Read returns, the
// decoder holds no block of the arena.
//
// # Failure
//
// Read's error is retried after a back-off, from behind what was handed over, but for [ErrRenewed]: then the source is opened again.
//
// # Testing
//
// Every source runs the kit source/sourcetest.
package source
