// Package process is for plugins that are programs of their own, in Go: a wheel starts them and speaks with them over
// gRPC. docs/process.md tells what that means; for a sandboxed plugin see package sdk/go.
//
// # Usage
//
//	func main() {
//		process.Main(process.Plugin{
//			Outputs: []pelton.Output{{Name: "late"}},
//			Handle: func(m *process.Message, out *process.Out) pelton.Verdict {
//				if delay, _ := m.Field("delay"); len(delay.Raw) > 2 {
//					out.Emit("late", m.Key(), m.Payload())
//				}
//				return pelton.Ack()
//			},
//		})
//	}
//
// # Ownership
//
// Handle and Reduce are called by one goroutine, one message at a time. A message and what it gives are lent until
// Handle returns. What is emitted is copied at once.
//
// # Failure
//
// A panic ends the program; the wheel starts another. An emit over `limits.output` does not return: the message is
// reported as a failure, and the program goes on with the next.
package process
