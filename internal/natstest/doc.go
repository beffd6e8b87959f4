// Package natstest runs a real nats-server inside a test, on a port that is free, with its files in the test's
// directory. Only tests import it, so that no program carries a server.
//
//	s := natstest.Start(t)
//	s.Stream(t, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})
//	s.Publish(t, "orders.eu", "one", "two")
//	s.Restart(t) // on the same port, over the same files
package natstest
