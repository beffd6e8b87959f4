// Package sinktest is the conformance kit of sinks: every sink runs [Run].
//
// It checks, through the worker that a wheel uses, what package sink promises: everything written once and in order,
// retries without loss or reordering (E2), rejected effects completed alone, going on after a restart, and, for a sink
// that is exact, that nothing is lost and nothing repeats wherever a process was killed (S2).
//
// # Usage
//
//	sinktest.Run(t, func(t *testing.T) sinktest.Kit {
//		p := newPlace(t)
//		return sinktest.Kit{
//			Open:   p.open,
//			Lines:  p.lines,
//			Faults: map[string]func(){"disk full": p.fill},
//		}
//	})
package sinktest
