// Package demo makes up flights, so that a wheel can be seen turning without any data.
//
//	sequence 1, 2, 3 … ─▶ {"seq":1,"date":…,"delay":…,"distance":…,"origin":…,"destination":…}
//
// # Usage
//
//	s, err := demo.New(demo.Options{Name: "demo", Count: 1000})
//
// # Identity
//
// A message depends on its sequence number and the options alone, so reading again gives the same bytes. The position
// is the sequence number minus one. The incarnation is a hash of what shapes the messages; Count is not part of it: a
// source that ended goes on when it is raised.
//
// # Ordering
//
// Nothing here waits: the reader's Out sets the pace.
package demo
