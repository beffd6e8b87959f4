package main

import (
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/peltonhq/pelton/sdk/go"
)

// extra is the commands of this runtime's own tests, beside those of the kit.
//
//	sleep DURATION   sleeps in the guest
//	spin DURATION    works until so much time has passed on the clock
//	print TEXT       a line on standard output
//	chatter          logs without end of the turn: 10,000 lines
//	exit             leaves the process
//	open PATH        one emit to "out": what opening the file says
//	world            one emit to "out": arguments, environment and random bytes of the process
//	about            one emit to "out": id, source, lane, header "h", trace
//	scribble         writes over its own payload
//	keep             keeps its payload beyond the turn, which no plugin may
//	kept             one emit to "echo": what it kept
//	spoil            writes over what it kept
//	waste N          makes N MiB of garbage, 64 KiB at a time
func extra(m *pelton.Message, out *pelton.Out, word, rest string) (pelton.Verdict, bool) {
	switch word {
	case "sleep":
		d, _ := time.ParseDuration(rest)
		time.Sleep(d)
	case "spin":
		d, _ := time.ParseDuration(rest)
		for begin := time.Now(); time.Since(begin) < d; {
			counter++
		}
	case "print":
		os.Stdout.WriteString(rest + "\n")
	case "chatter":
		for range 10000 {
			pelton.Log(pelton.Warn, rest)
		}
	case "exit":
		os.Exit(3)
	case "open":
		if _, err := os.Open(rest); err != nil {
			out.Emit("out", nil, []byte(err.Error()))
		} else {
			out.Emit("out", nil, []byte("opened"))
		}
	case "world":
		out.Emit("out", nil, []byte(strings.Join(os.Args, ",")+"|"+strings.Join(os.Environ(), ",")))
	case "scribble":
		scribble(m.Payload())
	case "keep":
		kept = m.Payload() //pelton:lends a test wants to know what becomes of it
	case "kept":
		out.Emit("echo", nil, kept)
	case "spoil":
		scribble(kept)
	case "waste":
		n, _ := strconv.Atoi(rest)
		for range n * 16 {
			garbage = make([]byte, 64<<10)
		}
	case "about":
		h, _ := m.Header("h")
		out.Emit("out", nil, []byte(strings.Join([]string{m.ID(), m.Source(), m.Lane(), h, m.Trace()}, "|")))
	default:
		return pelton.Dead("unknown command " + word), false
	}
	return pelton.Verdict{}, true
}

var kept, garbage []byte

func scribble(b []byte) {
	for i := range b {
		b[i] = '#'
	}
}
