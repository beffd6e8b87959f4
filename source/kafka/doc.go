// Package kafka reads topics of a Kafka cluster as a member of a consumer group: each partition is a lane, and lanes come
// and go as the group gives partitions to its members.
//
//	brokers ─▶ client ─poll─▶ lane's queue ─▶ Read ─▶ decoder ─▶ loop
//	             │  ▲             │ full: partition paused         │
//	   assigned, │  └── commits ◀─┴──── Settled(w) ◀──────────────┘ durable watermark
//	   revoked   ▼
//	           Host.Begin, Host.End
//
// # Usage
//
//	s, err := kafka.New(kafka.Options{Name: "flights", Access: access, Topics: []string{"flights"}, Group: "delays"})
//	resting, err := s.Open(ctx)
//	err = s.Join(ctx, host)
//
// # Ordering
//
// The position of a message is its offset. The lane is "topic/partition", its incarnation the topic's id, so a topic that
// was deleted and made again is another one. Records of a transaction come once it is committed, those of an aborted one never. A partition is read from the larger of two places: the lane's checkpoint in
// the store and the group's committed offset (K1).
//
// # Ownership
//
// One goroutine polls and never waits for a lane: a lane whose queue is full has its partition paused, until its reader
// has taken half of it (A2). One goroutine commits. Assignment and revocation come on the client's goroutine, one at a
// time. A lane's queue, its watermark and whether it is ours are guarded by its mutex, which is never held over I/O.
//
// # Failure
//
// K1: a message is read again from nowhere else than behind what this store or the group knows as settled.
//
// K2: what is committed is a watermark that is durable in the store, of a lane that is ours. A revocation ends the lane
// first: it drains, its last watermark is committed, and only then the group goes on. What is settled later than that is
// not committed, and commits and revocations exclude each other, so no commit of ours lies behind the next owner's.
//
// A broker that is away is waited for. Messages that the cluster has lost are reported: those that retention removed
// before they were read; a log that ends before a place that was read already is a new incarnation.
//
// # Testing
//
// Tests run against kfake, a cluster in memory, most of them in synctest bubbles over a network in memory. The same kits
// run against a real broker in an optional suite.
package kafka
