// Package native runs plugins that are Go code linked into the user's own binary.
//
//	Registry: name ─▶ actor.Module ─▶ Start ─▶ one Plugin value per instance ─▶ Handle, delivery by delivery
//
// # Usage
//
//	type Delays struct{}
//
//	func (*Delays) Init(config []byte) ([]pelton.Output, error) {
//		return []pelton.Output{{Name: "late"}}, nil
//	}
//
//	func (*Delays) Handle(m *native.Message, out *native.Out) pelton.Verdict {
//		if delay, _ := m.Field("delay"); len(delay.Raw) > 2 {
//			out.Emit("late", m.Key(), m.Payload())
//		}
//		return pelton.Ack()
//	}
//
//	registry := native.Registry{"delays": native.Module("delays", func() native.Plugin { return new(Delays) })}
//
// # Ordering
//
// Handle is called once for each delivery of a turn, in their order. A delivery of a key whose predecessor in the turn
// was not acked or dead is not offered (D3).
//
// # Ownership
//
// A plugin value belongs to one instance and is used by one goroutine at a time. A Message and every slice it gives are
// borrowed until Handle returns. What is emitted is copied at once. A reducer owns the slice that it returns until the
// next call; it is copied too.
//
// # Failure
//
// Native plugins are trusted (P1 does not hold for them). A panic is recovered: the fault is a trap and the value is
// dropped for a new one. limits.memory is not enforced. limits.time is judged by the clock and generously: a
// delivery that takes 10 times as long, at least limits.time and 2 s, or up to a quarter more, is a timeout and nothing of
// its turn counts. Nobody can stop it: package actor goes on with another instance until it returns. Reading the clock of
// the thread instead costs 0.4 µs, ten times as much as a whole delivery.
package native
