// Package intake is the front of a store's committer: the queue that appends wait in, and the ledger that says which
// of them may be made.
//
// # Ownership
//
// Any goroutine pushes; one goroutine, the committer, takes and owns the [Ledger]. While it rests somebody else may own it,
// for one call ([Queue.Aside]).
//
// # Ordering
//
// Requests are taken in the order they were pushed, and answered in it, whatever the answer.
//
// # Failure
//
// After Close the committer still takes what was pushed before; later requests are marked late, to be answered with
// an error, and once the committer has ended a short goroutine answers them.
package intake
