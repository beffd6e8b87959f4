// Plugin greedy allocates without end on every message.
package main

import "github.com/peltonhq/pelton/sdk/go"

func init() { pelton.Handle(handle, "airports", "late") }

func main() {}

var kept [][]byte

func handle(*pelton.Message, *pelton.Out) pelton.Verdict {
	for {
		kept = append(kept, make([]byte, 1<<20))
	}
}
