// Package wheel runs the real program as a child and talks to it from outside, by its API and by signals.
//
// # Usage
//
//	w, err := wheel.Start(ctx, wheel.Options{Binary: binary, Config: config, Store: dir})
//	err = w.Until(ctx, func(s api.Stats) bool { return s.Lot.Parked == 0 })
//	w.Kill()
//
// # Ownership
//
// One goroutine reads the events that a wheel prints; Kill, Stop and Wait wait for it and reap the process.
package wheel
