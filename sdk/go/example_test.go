package pelton_test

import (
	"fmt"

	"github.com/peltonhq/pelton/sdk/go"
)

func Example() {
	greeting := struct{ Word string }{"hello"}
	pelton.Config(&greeting)
	pelton.Handle(func(m *pelton.Message, out *pelton.Out) pelton.Verdict {
		if len(m.Payload()) == 0 {
			return pelton.Dead("nobody to greet")
		}
		out.Emit("greetings", m.Key(), fmt.Appendf(nil, "%s %s", greeting.Word, m.Payload()))
		return pelton.Ack()
	}, "greetings")

	results, err := pelton.Try(`{"Word":"good morning"}`, pelton.Sample{Payload: []byte("ORD")}, pelton.Sample{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range results {
		for _, e := range r.Emits {
			fmt.Printf("%s: %s\n", e.Output, e.Payload)
		}
		fmt.Println(r.Verdict)
	}
	// Output:
	// greetings: good morning ORD
	// ack
	// dead(nobody to greet)
}
