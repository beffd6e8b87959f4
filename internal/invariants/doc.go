// Package invariants checks at run time what the code relies on, in builds with the tag "invariants" only.
//
// # Usage
//
//	invariants.Check(slot.refs > 0, "A1: slot %d is read after its release", i)
//
// A check whose arguments cost something stands behind the constant, so that a plain build has no trace of it:
//
//	if invariants.Enabled {
//		invariants.Check(sorted(ids), "S1: the ids are not consecutive: %v", ids)
//	}
//
// # Failure
//
// A check that fails panics with the message: it reports a bug of ours, never bad input.
//
// # Testing
//
// Run a package's tests with -tags invariants; .ci/run does so for each package that imports this one.
package invariants
