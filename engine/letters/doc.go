// Package letters is how dead letters and parked deliveries are looked at and changed from outside: pages, filters, replay,
// release and drop, as the API wants them.
//
// # Failure
//
// What another request, or the lane's loop, is changing at that moment is left alone: a dead letter with an error that says so,
// a parked delivery silently, since it is being decided.
package letters
