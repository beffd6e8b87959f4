package native_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/actortest"
	"github.com/peltonhq/pelton/actor/native"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	actortest.Run(t, actortest.Kit{
		Suite: func(testing.TB) actor.Module {
			return native.Module("suite", func() native.Plugin { return new(suite) })
		},
		Reducer: func(testing.TB) actor.Module {
			return native.ReducerModule("sum", func() native.Reducer { return sum{} })
		},
		Capable: func(testing.TB) actor.Module {
			return native.Module("suite", func() native.Plugin { return new(suite) })
		},
		Trusted: true,
	})
}

// suite is the suite plugin of package actortest.
type suite struct {
	handled int
	saves   string
}

func fail(config []byte) error {
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

func (*suite) Init(config []byte) ([]pelton.Output, error) {
	return []pelton.Output{{Name: "out", ContentType: "text/plain"}, {Name: "echo"}}, fail(config)
}

func (s *suite) Handle(m *native.Message, out *native.Out) pelton.Verdict {
	s.handled++
	verdict := pelton.Ack()
	for command := range strings.SplitSeq(string(m.Payload()), ";") {
		word, arg, _ := strings.Cut(command, " ")
		if v, ok := decide(word, arg); ok {
			verdict = v
		} else if v, ok := request(m, out, word, arg); ok {
			verdict = v
		} else if !s.do(m, out, word, arg) {
			return pelton.Dead("unknown command " + word)
		}
	}
	return verdict
}

func decide(word, arg string) (pelton.Verdict, bool) {
	d, _ := time.ParseDuration(arg)
	switch word {
	case "ack":
		return pelton.Ack(), true
	case "retry":
		return pelton.Retry(d), true
	case "defer":
		return pelton.Defer(time.Now().Add(d)), true
	case "dead":
		return pelton.Dead(arg), true
	case "hold":
		return pelton.Hold(d), true
	case "none":
		return pelton.Verdict{}, true
	}
	return pelton.Verdict{}, false
}

func (s *suite) do(m *native.Message, out *native.Out, word, arg string) bool {
	switch word {
	case "emit":
		emit(out, arg)
	case "emit-undeclared":
		out.Emit("nowhere", nil, []byte("x"))
	case "echo":
		f := "-"
		if v, ok := m.Field("f"); ok {
			f = v.String()
		}
		out.Emit("echo", m.Key(), fmt.Appendf(nil, "%s|%s|%d|%s", m.Payload(), m.Key(), m.Attempt(), f))
	case "type":
		out.EmitTyped("out", nil, []byte("typed"), arg)
	case "count":
		out.Emit("out", nil, strconv.AppendInt(nil, int64(s.handled), 10))
	case "token":
		out.Emit("out", nil, []byte(m.HoldToken()))
	case "settle":
		token, word, _ := strings.Cut(arg, " ")
		verdict := pelton.Ack()
		if word == "dead" {
			verdict = pelton.Dead("settled")
		}
		out.Settle(token, verdict, pelton.Emit{Output: "out", Payload: []byte("settled")})
	case "saves":
		s.saves = arg
	case "log":
		m.Log("info", arg)
	case "trap":
		panic("trap")
	case "loop":
		time.Sleep(actortest.LoopTime)
	case "flood", "drip":
		flood(out, word)
	default:
		return state(out, word, arg)
	}
	return true
}

func (s *suite) Save() (version uint32, state []byte, err error) {
	word, arg, _ := strings.Cut(s.saves, " ")
	n, _ := strconv.Atoi(arg)
	version, state = 1, strconv.AppendInt(nil, int64(s.handled), 10)
	switch word {
	case "trap":
		panic("trap")
	case "refuse":
		return 0, nil, errors.New(arg)
	case "big":
		state = append(state, strings.Repeat(" ", n-len(state))...)
	case "version":
		version = uint32(n)
	}
	return version, state, nil
}

func (s *suite) Load(version uint32, state []byte) (err error) {
	switch version {
	case 1:
		s.handled, err = strconv.Atoi(strings.TrimSpace(string(state)))
	case 3:
		panic("trap")
	default:
		err = fmt.Errorf("version %d is too new", version)
	}
	return err
}

// request is the commands that use http and give a verdict.
func request(m *native.Message, out *native.Out, word, arg string) (pelton.Verdict, bool) {
	switch word {
	case "fetch":
		method, rest, _ := strings.Cut(arg, " ")
		url, body, _ := strings.Cut(rest, " ")
		return out.Fetch(&pelton.Request{
			Method: method, URL: url, Body: []byte(body), Headers: []pelton.Header{{Name: "X-One", Value: "1"}, {Name: "X-Two", Value: "a: b"}},
		}), true
	case "await":
		return pelton.Await(), true
	case "response":
		out.Emit("out", nil, []byte(responseText(m.Response())))
		return pelton.Ack(), true
	case "length":
		out.Emit("out", nil, strconv.AppendInt(nil, int64(len(m.Response().Body)), 10))
		return pelton.Ack(), true
	}
	return pelton.Verdict{}, false
}

func responseText(r *pelton.Response) string {
	if r == nil {
		return "-"
	}
	text := []string{strconv.Itoa(r.Status), string(r.Body)}
	for _, h := range r.Headers {
		text = append(text, h.Name+"="+h.Value)
	}
	if r.Error != "" {
		text = append(text, string(r.Error), r.Reason)
	}
	return strings.Join(text, " ")
}

// state is the commands that use kv.
func state(out *native.Out, word, arg string) bool {
	kv := out.KV()
	key, value, _ := strings.Cut(arg, " ")
	switch word {
	case "get":
		v, ok := kv.Get([]byte(arg))
		if !ok {
			v = []byte("-")
		}
		out.Emit("out", nil, v)
	case "put":
		kv.Put([]byte(key), []byte(value))
	case "del":
		kv.Delete([]byte(arg))
	case "keys":
		var keys []string
		for key := range kv.Keys([]byte(arg)) {
			keys = append(keys, string(key))
		}
		out.Emit("out", nil, []byte(strings.Join(keys, "+")))
	case "fill":
		n, _ := strconv.Atoi(key)
		size, _ := strconv.Atoi(value)
		for i := range n {
			kv.Put(strconv.AppendInt(nil, int64(i), 10), make([]byte, size))
		}
	default:
		return false
	}
	return true
}

func emit(out *native.Out, arg string) {
	var n, size int
	if _, err := fmt.Sscan(arg, &n, &size); err != nil {
		panic(err)
	}
	for i := range n {
		out.Emit("out", strconv.AppendInt(nil, int64(i), 10), []byte(strings.Repeat(string(rune('a'+i%26)), size)))
	}
}

// flood ends when the outbox is full: a native plugin is trusted to look.
func flood(out *native.Out, word string) {
	payload := make([]byte, 1024)
	if word == "drip" {
		payload = nil
	}
	for !out.Full() {
		out.Emit("out", nil, payload)
	}
}

// sum is the suite reducer.
type sum struct{}

func (sum) Init(config []byte) error { return fail(config) }

func (sum) Reduce(_, state, emit []byte) ([]byte, error) {
	word, arg, _ := strings.Cut(string(emit), " ")
	switch word {
	case "refuse":
		return nil, errors.New(arg)
	case "trap":
		panic("trap")
	case "loop":
		time.Sleep(actortest.LoopTime)
		return state, nil
	case "big":
		n, err := strconv.Atoi(arg)
		return []byte(strings.Repeat("x", n)), err
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		return nil, err
	}
	total, _ := strconv.ParseInt(string(state), 10, 64) // the empty state is 0
	return strconv.AppendInt(nil, total+n, 10), nil
}
