// Package rpc serves pelton.v1 by gRPC (grpc-go, on a listener of its own) and by Connect and gRPC-web (on an HTTP
// mux). Both call the same methods over [api.Service].
//
// # Usage
//
//	server := rpc.NewGRPC(svc, rpc.Options{})
//	go server.Serve(listener)
//	rpc.Mount(mux, svc, rpc.Options{})
//
// # Ordering
//
// A follow sends hello first, then what the feed gives, in its order (S1).
//
// # Ownership
//
// Snapshots in protobuf are encoded once for all followers of a session, and a frame is a run of those bytes; nobody changes them, so
// a library may still write one when Send has returned. Where messages are JSON, frames share payloads only.
//
// One goroutine at a time sends on a stream of grpc-go: the follow's, or while that waits the feed's pump, which offers frames.
// An offer never waits: the stream counts what grpc-go has not written yet, and a send waits only behind 64 KiB of that.
//
// # Failure
//
// A client that takes nothing for Options.Stall is ended: by gRPC with RESOURCE_EXHAUSTED and the cursor to resume
// after, behind what was already sent; by Connect its connection is cut, because HTTP has no way past a full pipe.
package rpc
