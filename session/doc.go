// Package session turns effects into sessions: for each key of a session name, an ordered series of snapshots with
// ids 1, 2, 3 … that clients read, follow and resume.
//
//	Offer ─▶ queue ─▶ shard (key hash): fold ahead of the store ─▶ committer: seq, one atomic append
//	                    ▲                                              │ durable
//	                    └────────────── outcomes ◀──────────────────────┼──▶ Complete to the sender
//	                                                                   ▼
//	Follower ◀── ring of the newest ◀──────────────────────────────── hub
//	    └─────── chunks of the store (view) when it is behind the ring
//
// # Usage
//
//	s, err := session.Open(ctx, session.Options{Name: "airports", Store: st, Reduce: reducer})
//	n := s.Offer(effects, completer)
//	snap, err := s.Get(ctx, "ORD")
//	f, err := s.Follow(ctx, session.FollowRequest{Key: "ORD", From: session.After, After: cursor})
//	for {
//		events, err := f.Next(ctx)
//		…
//	}
//
// # Invariants
//
// S1 no hole: a follower is given consecutive ids, or a [Gap], or an error that says where to resume. The committer
// has one append at a time in the store, so that nothing behind a failed one can become durable first; the next one
// is handed over as the store answers. S2 no
// duplicate: an effect's mark is put in the same atomic append as its snapshot; the sender does not offer what is
// marked, and builds with the tag invariants check that. S3 owned: a snapshot's bytes are the effect's or the
// reducer's, which are owned, or were read from the store; followers share them and change nothing. S4 durable before
// seen: reads and the hub know only what the store has answered for.
//
// # Ordering
//
// The effects of one caller and key are applied in the order they were offered. Seq numbers the changes of all keys
// of the name, 1, 2, 3 …, snapshots and deletions, in the order in which they become durable.
//
// # Ownership
//
// A shard goroutine owns its sessions' states and what it computed ahead of the store. The committer goroutine owns
// the order of the log. The queue between them and the senders, and the feeds between the committer and the
// followers, are guarded by short mutexes. A follower has no goroutine: its place belongs to who calls Next, or, while that waits
// and there is an [Outlet], to the feed's pump, a goroutine that runs while there is something to give. The janitor goroutine
// removes by age.
//
// # Bounds
//
// Options.Buffer covers every effect from Offer until it is settled; a shard stops folding when its computed and not
// yet durable states reach its part of it. States of recently used keys take 16 MiB at most, plus what is ahead of
// the store. A key that is followed has a ring of 256 snapshots or Options.Recent bytes (Stats.Recent), and with more than one follower up to as much
// again for each encoding that transports share ([Encoding], Stats.Shared). A follower that is stuck in a write holds what it was
// given: at most 256 snapshots or Options.Recent and one snapshot (Stats.Given), or 64 KiB of shared bytes or one snapshot.
//
// # Slow followers
//
// A follower that was at the newest once and falls behind by more than Options.MaxLag or LagByte ends ([Disconnect]), jumps
// ([Conflate]) or holds the name up ([Block]): the committer then appends nothing more, for Options.Block at most, so that
// the follower never lacks more than that, nor more than retention by count keeps (internal/gate).
//
// # Retention
//
// A session is cut to retain.snapshots once it has min(100, retain.snapshots) more: one removal for many appends. Age
// is looked at twenty times within retain.age, at least a second and at most ten minutes apart, and counts from when
// a snapshot was made, not from its message's time. The newest snapshot stays in any case. Entries in the log of the
// name go with their snapshots.
//
// # Failure
//
// A reducer that refuses an emit, or a payload or key over its limit, ends that effect with [ErrRefused]; later emits
// of the key go on. A reducer that fails otherwise, or a read that fails, is tried again with growing pauses, and the
// shard waits meanwhile. A full store is waited for. An append that the store refuses for another reason takes back
// everything ahead of the store; it is computed again and appended one by one to find the effect at fault. A store
// that failed for good, or a newer owner of the name, ends the writing ([Sessions.Failed]): what was not durable is
// not reported, as after a crash.
//
// # Testing
//
// The core (core.go, place.go, ring.go, and internal/record) is pure and tested alone. Whole sessions run on store/memory,
// whose hooks hold durability back, fail appends, fill up and crash; what is timed runs in testing/synctest.
package session
