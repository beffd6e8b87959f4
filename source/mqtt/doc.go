// Package mqtt takes what MQTT clients publish: a broker for one direction. It speaks MQTT 3.1.1 and 5 (by mochi-mqtt),
// with QoS 0 and 1, and keeps each message in the durable queue of source/ingest before it acknowledges it.
//
//	client ─ PUBLISH ─▶ hook ─▶ queue ─▶ durable ─▶ lane "ingest" ─▶ decoder
//	   ▲                           │
//	   └──────── PUBACK ◀── acker ─┘ in the order of the PUBLISHes
//
// # Usage
//
//	q, err := ingest.Open(ctx, ingest.Options{Name: "sensors", Store: s})
//	m, err := mqtt.New(mqtt.Options{Queue: q, Listener: l, Topics: []string{"sensors/#"}, Key: mqtt.KeyTopic})
//	lanes, err := m.Open(ctx) // begins to accept
//
// # Ordering
//
// The messages of one client are in the queue in the order in which it sent them. Many of them may be on their way to
// the disk at once (MaxInflight), so a client is not held up by one write after the other.
//
// # Ownership
//
// The broker has a goroutine for each client that reads, which waits when the queue is full. The first PUBLISH of a client
// starts its acker, which ends with the connection. Close ends them all, and waits.
//
// # Failure
//
// M1: PUBACK is written only after the message is durable. A client whose PUBACK did not come sends the message again
// when it connects again, so it may come twice. A full queue stops the reading of its client, and so withholds PUBACK;
// a message that the store refused after all closes the connection. M2: no state outlives a connection: there are no
// subscriptions, no retained messages and no sessions to be kept, so a broker that was killed has nothing to recover.
// QoS 2 is refused: it would need what M2 excludes, and nothing behind it is exactly once.
//
// A message over MaxMessage is kept as a bad frame, since its client could only send it again. A packet over MaxPacket
// closes the connection. The retain flag is a header and nothing else.
//
// # Testing
//
// The kit source/sourcetest, the clients of Eclipse Paho for 3.1.1 and 5, and the real program killed while they publish.
package mqtt
