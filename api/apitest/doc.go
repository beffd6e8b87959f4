// Package apitest tests transports: a wheel of fakes around real sessions, and one table of follows that every
// transport must tell alike.
//
// # Usage
//
//	world := apitest.New(t, memory.New())
//	server := serve(world.Service)
//	apitest.Follows(t, memory.New, func(t *testing.T, w *apitest.World) apitest.Follow { … })
//
// # Ownership
//
// A World belongs to its test and is closed by its cleanup.
package apitest
