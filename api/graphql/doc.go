// Package graphql serves the API as GraphQL: queries, mutations and subscriptions, over HTTP, WebSocket
// (graphql-transport-ws) and server-sent events (graphql-sse, distinct connections).
//
// # Usage
//
//	mux.Handle("/graphql", graphql.New(svc, graphql.Options{}))
//	mux.Handle("GET /graphql/ide", graphql.IDE())
//
//	subscription { snapshots(name: "airports", key: "ORD") { ... on Snapshot { id payload } } }
//
// The schema is schema.graphqls; gqlgen makes package exec from it, with the types of package api as its models.
//
// # Ordering
//
// A subscription gives hello first, then what the feed gives, in its order (S1).
//
// # Ownership
//
// A subscription has one goroutine that reads the feed; the transport's goroutine writes. Snapshots are shared and
// only read.
//
// # Failure
//
// Errors have extensions.code and extensions.detail. One in the middle of a subscription is a last response with
// errors. Bodies, depth and complexity of an operation are bounded; a client that takes nothing for Options.Stall is
// cut off.
package graphql
