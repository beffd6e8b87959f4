// Package pelton is the kit for writing Pelton plugins in Go. A plugin is a small program that is compiled to
// WebAssembly; the runtime calls it with batches of messages, and it answers each one with a verdict and emits.
//
// # Usage
//
// A plugin registers what it is in an init function and has an empty main:
//
//	package main
//
//	import "github.com/peltonhq/pelton/sdk/go"
//
//	var config = struct{ Prefix string }{"hello "}
//
//	func init() {
//		pelton.Config(&config)
//		pelton.Handle(greet, "greetings")
//	}
//
//	func main() {}
//
//	func greet(m *pelton.Message, out *pelton.Out) pelton.Verdict {
//		out.Emit("greetings", m.Key(), append([]byte(config.Prefix), m.Payload()...))
//		return pelton.Ack()
//	}
//
// A plugin either handles messages ([Handle]) or folds emits into the state of a session ([Reduce]).
//
// # Ordering
//
// Messages of one key come in order: a message is not given to the handler while the one before it of the same key
// is not acked or dead.
//
// # Ownership
//
// A [Message] and every slice it returns are borrowed: they are valid until the handler returns, and the next
// message overwrites them. Copy what must live longer. What is given to [Out.Emit] is copied at once, so its buffer
// may be reused.
//
// # Failure
//
// A panic ends this instance of the plugin: nothing of the message counts, the instance is replaced, and the
// message is offered again up to the configured number of attempts. Emits take effect only with [Ack]. State in
// variables is lost when the instance is replaced, unless [Keep] hands it over to the next version of the code; what must last
// belongs into a session or into [KV].
//
// # Testing
//
// [Try] and [TryReduce] run the registered functions in a plain `go test`, without WebAssembly.
package pelton
