// Package stdout writes effects to a stream, a line each: standard output, or any other io.Writer.
//
// # Usage
//
//	s := stdout.New(os.Stdout)
//	w := sink.Start(sink.Options{Name: "console", Sink: s})
//
// # Ordering
//
// One Write of the sink is one write call of the stream, with the payloads in order. A payload gets a newline at its
// end unless it has one already; newlines inside it stay as they are.
//
// # Failure
//
// At least once (E2): a stream has nothing to commit, so what was written and not reported before a crash comes again.
// Within one process nothing repeats: a write that broke off is continued where it stopped, also in the midst of a line.
// A stream that takes nothing, for example a pipe that nobody reads, blocks the sink's worker and nothing else;
// the context of Write cannot end that.
//
// # Ownership
//
// The sink belongs to its worker's goroutine. The stream belongs to who made it: Close leaves it open.
//
// # Testing
//
// The kit sink/sinktest, and a real pipe that nobody reads.
package stdout
