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
// errors. What a client may cost is bounded by Limits: an operation's text is measured before it is validated, its
// answer before it is run, and a connection takes one operation at a time; a client that takes nothing for
// Limits.Stall is cut off. Whatever is refused is counted by its limit's name.
//
// # Testing
//
// The follows of api/apitest run over both transports; the operations of docs/graphql.md give the answers that stand
// there. Directory interop has the audits and clients of others, against the real wheel: bash .ci/run 64-graphql.
package graphql
