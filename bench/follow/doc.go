// Package follow is the fan-out of one session to many followers: Pelton over SSE and gRPC beside centrifuge, NATS and a plain
// stream of grpc-go.
//
//	server process: publisher ──▶ contestant ──TCP of loopback──▶ this process: followers, raw sockets
//	                    ▲                                              │
//	                    └────────── how far the slowest is ────────────┘
//
// # Usage
//
//	func main() {
//		if follow.Child() {
//			return
//		}
//		err := follow.Run(options)
//	}
//
// # Ordering
//
// Contestants take turns, round after round, each with a process of its own for each turn. At a pace the publisher keeps to its
// schedule; at full speed it is at most [window] messages ahead of the slowest follower, whoever the contestant is.
//
// # Ownership
//
// The server is this program started again, so that its processor time is its own ([Child]); it takes orders by its standard
// input. Followers are raw sockets with one reader for all contestants, which looks for stamps and nothing else: what a real
// client would add is nobody's merit. By HTTP/2 a hundred followers share a connection over SSE, as in browsers, and have one each over
// gRPC.
//
// # Failure
//
// A follower that misses, repeats or falsifies a message is an error, never a figure. Where the system allows fewer open files
// than followers, as many are measured as it allows and the table says so; under half of them is an error.
package follow
