// Plugin suite is the suite plugin of package actortest, as a Go guest: its doc describes the commands.
package main

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/peltonhq/pelton/sdk/go"
)

var config struct {
	Fail string `json:"fail"`
}

func init() {
	pelton.Config(&config)
	pelton.Start(func() error {
		if config.Fail != "" {
			return errors.New(config.Fail)
		}
		return nil
	})
	pelton.Output("out", "text/plain")
	pelton.Handle(handle, "echo")
	pelton.Keep(save, load)
}

func main() {}

var (
	count   int
	hoard   [][]byte
	counter int
)

func handle(m *pelton.Message, out *pelton.Out) pelton.Verdict {
	count++
	verdict := pelton.Ack()
	for command := range strings.SplitSeq(string(m.Payload()), ";") {
		word, rest, _ := strings.Cut(command, " ")
		if v, gives := decide(word, rest); gives {
			verdict = v
			continue
		}
		if v, ok := do(m, out, word, rest); !ok {
			return v
		}
	}
	return verdict
}

// decide is the commands that give a verdict.
func decide(word, rest string) (v pelton.Verdict, gives bool) {
	d, _ := time.ParseDuration(rest)
	switch word {
	case "ack":
		return pelton.Ack(), true
	case "retry":
		return pelton.Retry(d), true
	case "defer":
		return pelton.Defer(time.Now().Add(d)), true
	case "dead":
		return pelton.Dead(rest), true
	case "hold":
		return pelton.Hold(d), true
	case "none":
		return pelton.Verdict{}, true
	}
	return v, false
}

// do is the commands that have an effect.
func do(m *pelton.Message, out *pelton.Out, word, rest string) (v pelton.Verdict, ok bool) {
	switch word {
	case "emit":
		emit(out, rest)
	case "emit-undeclared":
		out.Emit("nowhere", nil, []byte("x"))
	case "echo":
		f := "-"
		if v, ok := m.Field("f"); ok {
			f = v.String()
		}
		text := string(m.Payload()) + "|" + string(m.Key()) + "|" + strconv.Itoa(m.Attempt()) + "|" + f
		out.Emit("echo", m.Key(), []byte(text))
	case "type":
		out.EmitAs("out", rest, nil, []byte("typed"))
	case "count":
		out.Emit("out", nil, []byte(strconv.Itoa(count)))
	case "token":
		out.Emit("out", nil, []byte(m.HoldToken()))
	case "settle":
		settle(out, rest)
	case "saves":
		saves = rest
	case "log":
		pelton.Log(pelton.Info, rest)
	case "flood", "drip":
		flood(out, word)
	case "trap", "loop", "hog":
		misbehave(word)
	default:
		return extra(m, out, word, rest)
	}
	return v, true
}

func emit(out *pelton.Out, args string) {
	number, size, _ := strings.Cut(args, " ")
	n, _ := strconv.Atoi(number)
	bytes, _ := strconv.Atoi(size)
	payload := make([]byte, bytes)
	for i := range n {
		for j := range payload {
			payload[j] = 'a' + byte(i%26)
		}
		out.Emit("out", strconv.AppendInt(nil, int64(i), 10), payload)
	}
}

func settle(out *pelton.Out, args string) {
	token, word, _ := strings.Cut(args, " ")
	v := pelton.Ack()
	if word == "dead" {
		v = pelton.Dead("settled")
	}
	out.Settle(token, v).Emit("out", nil, []byte("settled"))
}

func flood(out *pelton.Out, word string) {
	var payload []byte
	if word == "flood" {
		payload = make([]byte, 1024)
	}
	for {
		out.Emit("out", nil, payload)
	}
}

func misbehave(word string) {
	switch word {
	case "trap":
		panic("the suite's trap")
	case "hog":
		for {
			b := make([]byte, 1<<20)
			for i := 0; i < len(b); i += 4096 { // each page; the host checks each round of a loop
				b[i] = 1
			}
			hoard = append(hoard, b)
		}
	case "loop":
		for {
			counter++
		}
	}
}
