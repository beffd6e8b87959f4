// Plugin capable is the capable plugin of package actortest, as a Go guest: its doc describes the commands.
package main

import (
	"strings"
	"time"

	"github.com/peltonhq/pelton/sdk/go"
)

func init() {
	pelton.Output("out", "text/plain")
	pelton.Handle(handle)
}

func main() {}

func handle(m *pelton.Message, out *pelton.Out) pelton.Verdict {
	verdict := pelton.Ack()
	for command := range strings.SplitSeq(string(m.Payload()), ";") {
		word, rest, _ := strings.Cut(command, " ")
		switch word {
		case "ack":
			verdict = pelton.Ack()
		case "retry":
			d, _ := time.ParseDuration(rest)
			verdict = pelton.Retry(d)
		case "dead":
			verdict = pelton.Dead(rest)
		case "emit":
			out.Emit("out", nil, []byte("a"))
		case "fetch", "await", "response", "length":
			verdict = request(m, out, word, rest)
		case "trap":
			panic("the trap")
		default:
			if !state(out, word, rest) {
				return pelton.Dead("unknown command " + word)
			}
		}
	}
	return verdict
}
