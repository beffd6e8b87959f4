// Package conflict lets two peers live in one program: Hollywood and protoactor both register a protobuf message named
// actor.PID, which panics at start unless this variable says otherwise.
//
// # Ordering
//
// Go initialises packages in the order of their paths as soon as what they import is initialised. This one imports os
// alone and its path sorts before google.golang.org/protobuf, so it comes before everything that registers a message.
package conflict

import "os"

func init() { //nolint:gochecknoinits // it must come before the peers' own
	if err := os.Setenv("GOLANG_PROTOBUF_REGISTRATION_CONFLICT", "ignore"); err != nil {
		panic(err)
	}
}
