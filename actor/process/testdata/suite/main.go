// Program suite is the suite plugin of package actortest, or with the argument "reducer" the suite reducer: its doc
// describes the commands.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/sdk/process"
)

func main() {
	p := process.Plugin{
		Init:    start,
		Outputs: []pelton.Output{{Name: "out", ContentType: "text/plain"}, {Name: "echo"}},
		Handle:  handle,
		Keep:    &process.Keep{Save: save, Load: load},
	}
	if len(os.Args) > 1 && os.Args[1] == "reducer" {
		p = process.Plugin{Init: start, Reduce: fold}
	}
	process.Main(p)
}

func start(config []byte) error {
	var c struct {
		Fail string `json:"fail"`
	}
	if err := json.Unmarshal(config, &c); err != nil {
		return err
	}
	if c.Fail != "" {
		return errors.New(c.Fail)
	}
	return nil
}

var (
	count   int
	hoard   [][]byte
	counter int
	saves   string // what the next save does
)

func handle(m *process.Message, out *process.Out) pelton.Verdict {
	count++
	verdict := pelton.Ack()
	for command := range strings.SplitSeq(string(m.Payload()), ";") {
		word, rest, _ := strings.Cut(command, " ")
		if v, gives := decide(word, rest); gives {
			verdict = v
		} else if !do(m, out, word, rest) && !extra(m, out, word, rest) {
			return pelton.Dead("unknown command " + word)
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
func do(m *process.Message, out *process.Out, word, rest string) bool {
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
		out.Emit("echo", m.Key(), fmt.Appendf(nil, "%s|%s|%d|%s", m.Payload(), m.Key(), m.Attempt(), f))
	case "type":
		out.EmitTyped("out", nil, []byte("typed"), rest)
	case "count":
		out.Emit("out", nil, strconv.AppendInt(nil, int64(count), 10))
	case "token":
		out.Emit("out", nil, []byte(m.HoldToken()))
	case "settle":
		token, word, _ := strings.Cut(rest, " ")
		v := pelton.Ack()
		if word == "dead" {
			v = pelton.Dead("settled")
		}
		out.Settle(token, v, pelton.Emit{Output: "out", Payload: []byte("settled")})
	case "saves":
		saves = rest
	case "log":
		m.Log("info", rest)
	case "flood", "drip":
		flood(out, word)
	case "trap", "loop", "hog":
		misbehave(word)
	default:
		return false
	}
	return true
}

// extra is the commands of this runtime's own tests, beside those of the kit.
//
//	sleep DURATION     sleeps
//	spin DURATION      uses so much time of the processor
//	exit CODE          leaves
//	print TEXT         a line on standard output
//	complain TEXT      a line on standard error
//	chatter            logs without end of the turn: 10,000 lines
//	about              one emit to "out": id, source, lane, header "h", trace, times
//	hog-later          as hog, between turns
//	log-pid            logs the number of the process
//	environment        one emit to "out": names of the environment
//	read PATH          one emit to "out": the file's text, or what opening it says
func extra(m *process.Message, out *process.Out, word, rest string) bool {
	d, _ := time.ParseDuration(rest)
	switch word {
	case "sleep":
		time.Sleep(d)
	case "spin":
		for begin := used(); used()-begin < d; {
			counter++
		}
	case "exit":
		code, _ := strconv.Atoi(rest)
		os.Exit(code)
	case "print":
		fmt.Println(rest)
	case "complain":
		fmt.Fprintln(os.Stderr, rest)
	case "chatter":
		for range 10000 {
			fmt.Println(rest)
		}
	case "about":
		meta := m.Meta()
		out.Emit("out", nil, fmt.Appendf(nil, "%s|%s|%s|%v|%s|%s|%s", m.ID(), meta.Lane.Source, meta.Lane.Lane, meta.Headers, meta.Trace,
			meta.Time.Format(time.RFC3339Nano), meta.FirstSeen.Format(time.RFC3339Nano)))
	case "hog-later":
		time.AfterFunc(100*time.Millisecond, func() { misbehave("hog") })
	case "log-pid":
		m.Log("info", strconv.Itoa(os.Getpid()))
	case "environment":
		var names []string
		for _, v := range os.Environ() {
			name, _, _ := strings.Cut(v, "=")
			names = append(names, name)
		}
		out.Emit("out", nil, []byte(strings.Join(names, ",")))
	case "read":
		text, err := os.ReadFile(rest)
		if err != nil {
			text = []byte(err.Error())
		}
		out.Emit("out", nil, text)
	default:
		return false
	}
	return true
}

// used is the time of the processor that the process has used.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func emit(out *process.Out, args string) {
	var n, size int
	if _, err := fmt.Sscan(args, &n, &size); err != nil {
		panic(err)
	}
	for i := range n {
		out.Emit("out", strconv.AppendInt(nil, int64(i), 10), bytes.Repeat([]byte{'a' + byte(i%26)}, size))
	}
}

func flood(out *process.Out, word string) {
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
			hoard = append(hoard, bytes.Repeat([]byte{1}, 1<<20))
		}
	case "loop":
		for {
			counter++
		}
	}
}

func save() (process.State, error) {
	word, rest, _ := strings.Cut(saves, " ")
	n, _ := strconv.Atoi(rest)
	state := process.State{Version: 1, Bytes: strconv.AppendInt(nil, int64(count), 10)}
	switch word {
	case "refuse":
		return process.State{}, errors.New(rest)
	case "big":
		state.Bytes = append(state.Bytes, bytes.Repeat([]byte{' '}, n-len(state.Bytes))...)
	case "version":
		state.Version = uint32(n)
	default:
		misbehave(word)
	}
	return state, nil
}

func load(s process.State) (err error) {
	switch s.Version {
	case 1:
		count, err = strconv.Atoi(strings.TrimSpace(string(s.Bytes)))
	case 3:
		misbehave("trap")
	default:
		err = fmt.Errorf("version %d is too new", s.Version)
	}
	return err
}

func fold(_, state, emit []byte) ([]byte, error) {
	word, rest, _ := strings.Cut(string(emit), " ")
	switch word {
	case "refuse":
		return nil, errors.New(rest)
	case "big":
		n, err := strconv.Atoi(rest)
		return bytes.Repeat([]byte{'x'}, n), err
	case "trap", "loop", "hog":
		misbehave(word)
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		return nil, err
	}
	old, _ := strconv.ParseInt(string(state), 10, 64) // the empty state is 0
	return strconv.AppendInt(nil, old+n, 10), nil
}
