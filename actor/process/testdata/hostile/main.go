// Program hostile is a plugin that breaks the protocol in the way that its first argument names, when a message has the
// payload "go"; else it acks. It uses no SDK.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	pluginv1 "github.com/peltonhq/pelton/api/gen/pelton/plugin/v1"
)

var (
	client pluginv1.HostServiceClient
	mode   = os.Args[1]
	batch  uint64 // the last
)

// raw is a codec that sends bytes as they are.
type raw struct{}

func (raw) Name() string { return "proto" }

func (raw) Marshal(v any) ([]byte, error) {
	if b, ok := v.([]byte); ok {
		return b, nil
	}
	return proto.Marshal(v.(proto.Message))
}

func (raw) Unmarshal(b []byte, v any) error { return proto.Unmarshal(b, v.(proto.Message)) }

type stream = grpc.BidiStreamingClient[pluginv1.AttachRequest, pluginv1.AttachResponse]

func main() {
	switch mode {
	case "silent":
		select {}
	case "exits":
		fmt.Fprintln(os.Stderr, "no module named numpy")
		os.Exit(3)
	}
	conn, err := grpc.NewClient(os.Getenv("PELTON_PLUGIN"), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{}), grpc.MaxCallSendMsgSize(1<<30))) //nolint:staticcheck // the plain form
	check(err)
	client = pluginv1.NewHostServiceClient(conn)
	s, err := client.Attach(context.Background())
	check(err)
	hello := &pluginv1.Hello{Version: 1, Sdk: "hostile"}
	if mode == "version" {
		hello.Version = 9
	}
	send(s, &pluginv1.AttachRequest{Message: &pluginv1.AttachRequest_Hello{Hello: hello}})
	serve(s)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func send(s stream, m *pluginv1.AttachRequest) { _ = s.Send(m) }

func serve(s stream) {
	for {
		m, err := s.Recv()
		if err != nil {
			return
		}
		switch m := m.GetMessage().(type) {
		case *pluginv1.AttachResponse_Init:
			start(s)
		case *pluginv1.AttachResponse_Handle:
			handle(s, m.Handle)
		case *pluginv1.AttachResponse_Save:
			save(s, m.Save)
		case *pluginv1.AttachResponse_Load:
			load(s, m.Load)
		case *pluginv1.AttachResponse_Close:
			if mode == "stays" {
				select {}
			}
			return
		}
	}
}

func start(s stream) {
	started := &pluginv1.Started{Role: pluginv1.Role_ROLE_HANDLER, Outputs: []*pluginv1.Output{{Name: "out"}}, Keeps: true}
	switch mode {
	case "role":
		started.Role = 7
	case "output":
		started.Outputs[0].Name = "a b"
	case "twice":
		second, err := client.Attach(context.Background())
		check(err)
		send(second, &pluginv1.AttachRequest{Message: &pluginv1.AttachRequest_Hello{Hello: &pluginv1.Hello{Version: 1}}})
		_, err = second.Recv()
		fmt.Println(err)
	case "mute":
		select {}
	case "wrong":
		answer(s, true)
		return
	}
	send(s, &pluginv1.AttachRequest{Message: &pluginv1.AttachRequest_Started{Started: started}})
}

// save answers with a state of two bytes, or otherwise.
func save(s stream, m *pluginv1.Save) {
	saved := func(a *pluginv1.Saved) {
		send(s, &pluginv1.AttachRequest{Message: &pluginv1.AttachRequest_Saved{Saved: a}})
	}
	switch mode {
	case "save hangs":
		hang()
	case "save exits":
		os.Exit(7)
	case "save is another":
		answer(s, true)
	case "save of another":
		m.Batch++
	case "save is endless":
		for {
			saved(&pluginv1.Saved{Part: make([]byte, 1000), Batch: m.GetBatch()})
		}
	case "save is nothing":
		saved(&pluginv1.Saved{Batch: m.GetBatch()})
	}
	saved(&pluginv1.Saved{Part: []byte("a"), Batch: m.GetBatch()})
	saved(&pluginv1.Saved{Part: []byte("b"), Batch: m.GetBatch(), Done: true})
}

// hang says so, for the test to end its patience.
func hang() {
	fmt.Println("hangs")
	select {}
}

func load(s stream, m *pluginv1.Load) {
	if mode == "load hangs" {
		hang()
	}
	loaded := &pluginv1.Loaded{Batch: m.GetBatch()}
	if string(m.GetState()) != "ab" {
		loaded.Refusal = "it is not ab"
	}
	send(s, &pluginv1.AttachRequest{Message: &pluginv1.AttachRequest_Loaded{Loaded: loaded}})
}

func answer(s stream, done bool, decided ...*pluginv1.Decided) {
	send(s, &pluginv1.AttachRequest{Message: &pluginv1.AttachRequest_Answer{Answer: &pluginv1.Answer{Decided: decided, Done: done, Batch: batch}}})
}

func ack(i int) *pluginv1.Decided {
	return &pluginv1.Decided{Delivery: uint32(i), Verdict: &pluginv1.Verdict{Decision: pluginv1.Decision_DECISION_ACK}}
}

func handle(s stream, h *pluginv1.Handle) {
	batch = h.GetBatch()
	var all []*pluginv1.Decided
	for i, d := range h.GetDeliveries() {
		if string(d.GetPayload()) == "go" {
			misbehave(s, i)
		}
		all = append(all, ack(i))
	}
	answer(s, true, all...)
	switch mode {
	case "leaves":
		_ = s.CloseSend()
		_, _ = s.Recv() // all that was said has arrived
		os.Exit(0)
	case "unasked":
		answer(s, true)
	}
}

func misbehave(s stream, i int) {
	bad := ack(i)
	switch mode {
	case "exit":
		fmt.Fprintln(os.Stderr, "out of luck")
		os.Exit(7)
	case "hangs":
		select {}
	case "closes":
		_ = s.CloseSend()
		select {}
	case "garbage":
		_ = s.SendMsg([]byte{0xff, 0xff, 0xff, 0xff})
		select {}
	case "huge":
		bad.Emits = []*pluginv1.Emit{{Output: "out", Payload: make([]byte, 4<<20)}}
		answer(s, true, bad)
		select {}
	case "range":
		answer(s, true, ack(1000))
	case "again":
		answer(s, false, ack(i))
		answer(s, true, ack(i))
	case "number":
		batch += 7
	case "type":
		send(s, &pluginv1.AttachRequest{Message: &pluginv1.AttachRequest_Folded{Folded: &pluginv1.Folded{Done: true}}})
	case "empty":
		answer(s, true)
		serve(s)
		os.Exit(0)
	case "late": // decides after it said that it has
		answer(s, true)
	case "nothing":
		for {
			answer(s, false)
		}
	case "endless":
		bad.Emits = []*pluginv1.Emit{{Output: "nowhere", Payload: make([]byte, 1<<10)}}
		for {
			answer(s, false, bad)
		}
	case "decision":
		bad.Verdict.Decision = 99
	case "negative":
		bad.Verdict = &pluginv1.Verdict{Decision: pluginv1.Decision_DECISION_RETRY, Nanos: -1}
	case "emits":
		for range 100 {
			bad.Emits = append(bad.Emits, &pluginv1.Emit{Output: "out", Payload: make([]byte, 1<<10)})
		}
	case "prints":
		printing()
		return
	case "children":
		children()
		os.Exit(0)
	case "eats": // in a child
		eat := exec.Command(os.Args[0], "eater")
		check(eat.Start())
		select {}
	}
	answer(s, true, bad)
	serve(s)
	os.Exit(0)
}

// printing fills standard output for ever, as fast as it is read.
func printing() {
	go func() {
		for {
			fmt.Println("and another line")
		}
	}()
}

// children leaves two of them, which hold its standard output.
func children() {
	for range 2 {
		c := exec.Command("sleep", "1000")
		c.Stdout, c.Stderr = os.Stdout, os.Stderr
		check(c.Start())
		fmt.Println("child", c.Process.Pid)
	}
}

func init() {
	if os.Args[1] != "eater" {
		return
	}
	var hoard [][]byte
	for {
		b := make([]byte, 1<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		hoard = append(hoard, b)
		time.Sleep(time.Millisecond)
	}
}
