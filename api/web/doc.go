// Package web puts everything that the HTTP listener serves on one handler.
//
//	/pelton.v1.*/*                         Connect and gRPC-web        api/rpc
//	/graphql  /graphql/ide                 GraphQL                     api/graphql
//	/v1/sessions…/events                   server-sent events          api/sse
//	/v1/sessions… /v1/stats /v1/topology   plain JSON reads            here
//	/v1/sources/{name}                     ingest                      api/ingest
//	/livez /readyz /metrics                health and figures          api/metrics
//	/login /logout /v1/me                  log-in of browsers          here
//	/                                      the console                 Options.Console
//
// # Usage
//
//	o := web.Options{Console: page, Gate: gate}
//	server := web.NewServer(web.NewHandler(svc, o), o)
//	go server.Serve(listener)
//	…
//	svc.Close()          // ends every stream
//	server.Shutdown(ctx) // waits for the rest
//
// # Ownership
//
// The handler has no state but the service's; requests run on the server's goroutines.
//
// # Failure
//
// A request that another site's page makes a browser send is refused: posts and WebSockets by their origin, and on a loopback
// listener everything whose Host is not a loopback name, so that no foreign name can be pointed here. A body that comes too
// slowly ends its connection.
package web
