// Package client talks to a running wheel over Connect, on the address of api.listen. The CLI uses it, and so may any
// Go program.
//
// # Usage
//
//	c := client.New("127.0.0.1:7070")
//	defer c.Close()
//	snap, err := c.Get(ctx, "airports", "ORD", 0)
//	for event, err := range c.Follow(ctx, api.FollowRequest{Name: "airports", Key: "ORD"}, client.FollowOptions{Reconnect: true}) { … }
//
// # Ordering
//
// A follow yields what the server sends, in its order. With Reconnect it resumes after the last cursor that it
// yielded, so nothing is missed and nothing comes twice (S1).
//
// # Ownership
//
// What a method returns belongs to the caller. A Client may be used by many goroutines; a follow's loop runs on the
// caller's.
//
// # Failure
//
// Every error is an [*api.Error] with the server's code, message and detail. A wheel that cannot be reached is
// api.Unavailable and names the address.
package client
