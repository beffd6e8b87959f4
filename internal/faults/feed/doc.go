// Package feed sends messages into a wheel, one kind of source a file, and says when a message counts as acknowledged.
//
//	Start ─▶ Send, once for each life of the wheel, until its context ends ─▶ Read: has the wheel read it all? ─▶ Close
//
// A source with a broker of its own (a real one as a child process, or a fake one in this process) starts it in Start,
// publishes to it in Send whether a wheel runs or not, and counts a message when the broker has it. Add the new kind to
// [Kinds]: the suite makes rows for all of them.
//
// # Ownership
//
// A message is sent once: where nobody knows whether it arrived it is not sent again, so that whatever is there twice
// was doubled by the wheel.
package feed
