package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/peltonhq/pelton"
	pluginv1 "github.com/peltonhq/pelton/api/gen/pelton/plugin/v1"
)

const (
	version = 1
	flight  = 1 << 20 // bytes on their way before the other side must read
)

// Main runs the plugin until the wheel ends it, and ends the program.
func Main(p Plugin) {
	if err := Run(context.Background(), p); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Run runs the plugin until the wheel ends it, which is nil. The environment variable PELTON_PLUGIN must name the wheel's
// socket.
func Run(ctx context.Context, p Plugin) error {
	if (p.Handle == nil) == (p.Reduce == nil) {
		return errors.New("a process.Plugin has either Handle or Reduce")
	}
	if k := p.Keep; k != nil && (k.Save == nil || k.Load == nil || p.Handle == nil) {
		return errors.New("Keep of a process.Plugin has Save and Load, and is for Handle")
	}
	target := os.Getenv("PELTON_PLUGIN")
	if target == "" {
		return errors.New("PELTON_PLUGIN is not set: this program is a plugin, started by `pelton run` (plugins.NAME.process.command)")
	}
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithInitialWindowSize(flight), grpc.WithInitialConnWindowSize(flight),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32), grpc.MaxCallSendMsgSize(math.MaxInt32)))
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // the stream is over
	stream, err := pluginv1.NewHostServiceClient(conn).Attach(ctx)
	if err != nil {
		return err
	}
	c := &client{plugin: p, stream: stream}
	err = c.serve()
	if p.Close != nil {
		p.Close()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// client is the plugin's end of the stream.
type client struct {
	plugin Plugin
	stream grpc.BidiStreamingClient[pluginv1.AttachRequest, pluginv1.AttachResponse]
	output int64 // bytes for one delivery
	part   part
	batch  uint64 // that is being handled

	mu sync.Mutex // the stream takes one message at a time, and Log may be called from anywhere
}

func (c *client) send(m *pluginv1.AttachRequest) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stream.Send(m)
}

// serve answers what comes until the end.
func (c *client) serve() error {
	hello := &pluginv1.Hello{Version: version, Sdk: "go"}
	if err := c.send(&pluginv1.AttachRequest{Message: &pluginv1.AttachRequest_Hello{Hello: hello}}); err != nil {
		return err
	}
	for {
		m, err := c.stream.Recv()
		if err != nil {
			return err
		}
		switch m := m.GetMessage().(type) {
		case *pluginv1.AttachResponse_Init:
			err = c.start(m.Init)
		case *pluginv1.AttachResponse_Handle:
			err = c.handle(m.Handle)
		case *pluginv1.AttachResponse_Reduce:
			err = c.reduce(m.Reduce)
		case *pluginv1.AttachResponse_Save:
			err = c.save(m.Save)
		case *pluginv1.AttachResponse_Load:
			err = c.load(m.Load)
		case *pluginv1.AttachResponse_Close:
			return c.stream.CloseSend()
		}
		if err != nil {
			return err
		}
	}
}

func (c *client) start(m *pluginv1.Init) error {
	c.output = m.GetOutput()
	s := &pluginv1.Started{Role: pluginv1.Role_ROLE_HANDLER, Keeps: c.plugin.Keep != nil}
	if c.plugin.Reduce != nil {
		s.Role = pluginv1.Role_ROLE_REDUCER
	} else if len(c.plugin.Outputs) == 0 {
		s.Outputs = []*pluginv1.Output{{Name: pelton.DefaultOutput}}
	}
	for _, o := range c.plugin.Outputs {
		s.Outputs = append(s.Outputs, &pluginv1.Output{Name: valid(o.Name), ContentType: valid(o.ContentType)})
	}
	if c.plugin.Init != nil {
		if err := c.plugin.Init(m.GetConfig()); err != nil {
			s.Refusal = words(err)
		}
	}
	return c.send(&pluginv1.AttachRequest{Message: &pluginv1.AttachRequest_Started{Started: s}})
}

// handle decides a batch, and answers in parts when it takes long or puts out much.
func (c *client) handle(h *pluginv1.Handle) error {
	c.part, c.batch = part{began: time.Now()}, h.GetBatch()
	decided := make([]pelton.Decision, len(h.GetDeliveries()))
	for i, d := range h.GetDeliveries() {
		if after := d.GetAfter(); after >= 0 && decided[after] != pelton.DecisionAck && decided[after] != pelton.DecisionDead {
			continue
		}
		m := c.message(d, h.GetFields())
		c.part.next(i)
		decided[i] = c.decide(m)
		if !c.part.due() {
			continue
		}
		if err := c.flush(false); err != nil {
			return err
		}
	}
	return c.flush(true)
}

// decide runs the handler on one message. A panic of its own is none of ours: it ends the program with its trace.
func (c *client) decide(m *Message) (d pelton.Decision) {
	out := &Out{client: c, room: c.output}
	defer func() {
		if out.full {
			_ = recover() // of Out.charge
			c.part.overflow()
		}
	}()
	v := c.plugin.Handle(m, out)
	c.part.verdict(v)
	return v.Decision
}

func (c *client) flush(done bool) error {
	a := &pluginv1.Answer{Decided: c.part.decided, Done: done, Batch: c.batch}
	c.part = part{began: time.Now()}
	return c.send(&pluginv1.AttachRequest{Message: &pluginv1.AttachRequest_Answer{Answer: a}})
}

//pelton:lends until Handle returns, as in every runtime
func (c *client) message(d *pluginv1.Delivery, names []string) *Message {
	meta := &pelton.Meta{
		Lane: &pelton.LaneID{Source: d.GetSource(), Lane: d.GetLane()}, Position: d.GetPosition(), Time: when(d.GetTime()),
		Attempt: d.GetAttempt(), Defers: d.GetDefers(), FirstSeen: when(d.GetFirstSeen()), Trace: d.GetTrace(),
	}
	for _, h := range d.GetHeaders() {
		meta.Headers = append(meta.Headers, pelton.Header{Name: h.GetName(), Value: h.GetValue()})
	}
	fields := make([]pelton.Field, len(names))
	for _, f := range d.GetFields() {
		fields[f.GetField()] = pelton.Field{Offset: f.GetOffset(), Length: f.GetLength(), Kind: pelton.Kind(f.GetKind())}
	}
	return &Message{View: pelton.Borrow(d.GetPayload(), d.GetKey(), meta, fields, names), token: d.GetHoldToken(), id: d.GetId(), client: c}
}

func when(nanos int64) time.Time {
	if nanos == math.MinInt64 {
		return time.Time{}
	}
	return time.Unix(0, nanos).UTC()
}

// reduce folds a batch.
func (c *client) reduce(r *pluginv1.Reduce) error {
	began, size := time.Now(), 0
	part := &pluginv1.Folded{Batch: r.GetBatch()}
	for i, f := range r.GetFolds() {
		next, err := c.plugin.Reduce(f.GetKey(), f.GetState(), f.GetEmit())
		result := &pluginv1.Result{Fold: uint32(i), ContentType: c.plugin.ContentType}
		switch {
		case err != nil:
			result.Refused, result.Reason = true, valid(err.Error())
		case int64(len(next)) > c.output:
			result.Overflow = true
		default:
			result.State = slices.Clone(next)
		}
		part.Results, size = append(part.Results, result), size+len(next)
		part.Done = i == len(r.GetFolds())-1
		if !part.GetDone() && size < partSize && time.Since(began) < partTime {
			continue
		}
		if err := c.send(&pluginv1.AttachRequest{Message: &pluginv1.AttachRequest_Folded{Folded: part}}); err != nil {
			return err
		}
		part, size, began = &pluginv1.Folded{Batch: r.GetBatch()}, 0, time.Now()
	}
	return nil
}

var levels = map[string]pluginv1.Level{
	"debug": pluginv1.Level_LEVEL_DEBUG, "warn": pluginv1.Level_LEVEL_WARN, "error": pluginv1.Level_LEVEL_ERROR,
}

// log sends a line; when the stream is over there is nobody to tell.
func (c *client) log(level, text string) {
	l := &pluginv1.Log{Level: levels[level], Text: valid(text)}
	_ = c.send(&pluginv1.AttachRequest{Message: &pluginv1.AttachRequest_Log{Log: l}})
}
