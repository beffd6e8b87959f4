// Package api is what a running wheel offers to the outside: one transport-free [Service] with a method for every
// verb of pelton.v1, and the interfaces that it needs of the wheel ([Backend]).
//
//	api/rpc (gRPC, Connect)  api/sse  api/graphql  api/ingest  api/metrics
//	            └───────────────┴────┬─────┴────────────┴───────────┘
//	                                 │ who calls: a Caller in the context (api/auth)
//	                              Service
//	                                 │ Backend
//	                      engine: the running wheel
//
// # Usage
//
//	svc := api.New(api.Backend{Sessions: …, Plugins: …, Deliveries: …, Lot: …, Wheel: …, Ingest: …, Configs: …})
//	feed, err := svc.Follow(ctx, api.FollowRequest{Name: "airports", Key: "ORD", From: api.FromLatest})
//
// # Access
//
// With [Guard].On every method asks one table whether its caller may call it, before anything else. A transport only says who
// calls, by [WithCaller].
//
// # Ordering
//
// A follow gives hello first, then snapshots by consecutive id with explicit gaps between them, then the end (S1).
//
// # Ownership
//
// Everything in an answer is owned: nothing aliases an arena (S3), and nothing of an answer is changed after it was
// given out, so transports may share its bytes. A [Feed] belongs to the goroutine that asked for it.
//
// # Failure
//
// There is one class of error, [*Error], and one table that maps its code to gRPC, HTTP and GraphQL. Unknown names
// come with the nearest right one.
//
// # Testing
//
// Package api/apitest holds a wheel made of fakes around real sessions; every transport runs one table of follows
// over it.
package api
