// Plugin guest passes every message on, or does harm: as the words in its code say, which the suite writes over in the
// built module. So each version has a digest of its own and none is compiled twice.
package main

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/peltonhq/pelton/sdk/go"
)

// behaviour is written over: a kind of harm, or none, and a name that makes the digest new.
var behaviour = "behaviour:                                                      "

func init() { pelton.Handle(handle, "default") }

func main() {}

var (
	kind    string
	hoard   [][]byte
	handled int
)

func handle(m *pelton.Message, out *pelton.Out) pelton.Verdict {
	if kind == "" {
		kind, _, _ = strings.Cut(strings.TrimPrefix(behaviour, "behaviour:"), " ")
	}
	handled++
	payload := m.Payload()
	switch kind {
	case "trap":
		panic("this version traps")
	case "hang":
		for i := 0; ; i++ {
			handled += i
		}
	case "hoard":
		for {
			hoard = append(hoard, make([]byte, 8<<20)) // up to its limit
		}
	case "fails": // one message in a hundred, at its first attempt
		if number(payload)%100 == 7 && m.Attempt() == 1 {
			return pelton.Retry(0)
		}
	case "wrong": // one message in a hundred, and well-formed
		if number(payload)%100 == 7 {
			payload = bytes.Replace(payload, []byte(`"do":"`), []byte(`"do":"x`), 1)
		}
	}
	out.Emit("default", m.Key(), payload)
	return pelton.Ack()
}

// number is the message's: {"id":17,…
func number(payload []byte) int {
	text, _, _ := bytes.Cut(bytes.TrimPrefix(payload, []byte(`{"id":`)), []byte(","))
	n, _ := strconv.Atoi(string(text))
	return n
}
