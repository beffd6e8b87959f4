package actor_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a module whose behaviour a test writes down. The counters show that everything started is closed.
type fake struct {
	outputs []pelton.Output
	start   func(ctx context.Context) error
	each    func(ctx context.Context, i *instance, v *pelton.View) (pelton.Verdict, error)
	fold    func(c *actor.Call) error
	failed  func(t *actor.Turn) // told of a turn that fails
	memory  int64

	starts, closes, closed atomic.Int32
}

type instance struct {
	module *fake
	n      int // of the module's starts
	count  int // deliveries
	shut   atomic.Bool
}

func (f *fake) Digest() string              { return "sha256:fake" }
func (f *fake) Close(context.Context) error { f.closed.Add(1); return nil }

func (f *fake) Start(ctx context.Context, _ actor.Env) (actor.Instance, error) {
	n := int(f.starts.Add(1))
	if f.start != nil {
		if err := f.start(ctx); err != nil {
			f.closes.Add(1)
			return nil, err
		}
	}
	return &instance{module: f, n: n}, nil
}

func (i *instance) Outputs() []pelton.Output { return i.module.outputs }
func (i *instance) Reducer() bool            { return i.module.fold != nil }
func (i *instance) Memory() int64            { return max(1, i.module.memory) }

func (i *instance) Close(context.Context) error {
	if i.shut.Swap(true) {
		panic("an instance was closed twice")
	}
	i.module.closes.Add(1)
	return nil
}

func (i *instance) Handle(ctx context.Context, t *actor.Turn) error {
	if i.shut.Load() {
		panic("a closed instance got a turn")
	}
	for k := range t.Deliveries {
		if !t.Ready(k) || i.module.each == nil && i.ack(t, k) {
			continue
		}
		i.count++
		v, err := i.module.each(ctx, i, &t.Deliveries[k].View)
		if err != nil {
			if i.module.failed != nil {
				i.module.failed(t)
			}
			return err
		}
		t.Outcomes[k].Verdict = v
		if v.Decision == pelton.DecisionAck && len(i.module.outputs) > 0 {
			if err := t.Emit(k, pelton.Emit{Output: "out", Payload: t.Deliveries[k].View.Payload()}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (i *instance) ack(t *actor.Turn, k int) bool {
	t.Outcomes[k].Verdict = pelton.Ack()
	return true
}

func (i *instance) Reduce(_ context.Context, calls []actor.Call) error {
	for k := range calls {
		if err := i.module.fold(&calls[k]); err != nil {
			return err
		}
	}
	return nil
}

// balanced checks that every instance and every module was closed once.
func balanced(t *testing.T, modules ...*fake) {
	t.Helper()
	for n, f := range modules {
		if f.starts.Load() != f.closes.Load() || f.closed.Load() != 1 {
			t.Errorf("module %d: %d instances started, %d closed; module closed %d times, want once",
				n, f.starts.Load(), f.closes.Load(), f.closed.Load())
		}
	}
}

// rig is a plugin and what it told.
type rig struct {
	*actor.Plugin

	t      *testing.T
	events chan actor.Event
	done   chan *actor.Turn
}

func open(t *testing.T, o actor.Options, f *fake) *rig {
	t.Helper()
	r := &rig{t: t, events: make(chan actor.Event, 1000), done: make(chan *actor.Turn, 1000)}
	o.Env.Plugin = "fake"
	o.OnChange = func(e actor.Event) { r.events <- e }
	p, err := actor.Open(t.Context(), o, actor.Version{Revision: 1, Module: f})
	if err != nil {
		t.Fatal(err)
	}
	r.Plugin = p
	return r
}

func (r *rig) close() {
	r.t.Helper()
	if err := r.Close(context.Background()); err != nil {
		r.t.Error(err)
	}
}

// post offers a turn of one delivery per payload.
func (r *rig) post(payloads ...string) *actor.Turn {
	r.t.Helper()
	turn := batch(payloads...)
	turn.Reply = func(t *actor.Turn) { r.done <- t }
	if !r.Offer(0, turn) {
		r.t.Fatal("the mailbox is full")
	}
	return turn
}

// run is post, and waits for the answer.
func (r *rig) run(payloads ...string) *actor.Turn {
	r.t.Helper()
	turn := r.post(payloads...)
	if got := <-r.done; got != turn {
		r.t.Fatal("another turn was answered")
	}
	return turn
}

// swap begins a swap and gives the channel of its answer; under synctest the version probes when it returns, or has
// failed.
func (r *rig) swap(revision int, f *fake) <-chan actor.Result {
	answer := make(chan actor.Result, 1)
	go func() {
		result, err := r.Swap(context.Background(), actor.Version{Revision: revision, Module: f}, actor.Strategy{})
		if err != nil {
			r.t.Error(err)
		}
		answer <- result
	}()
	synctest.Wait()
	return answer
}

// states drains the events of versions so far.
func (r *rig) states() (states []string) {
	for {
		select {
		case e := <-r.events:
			if e.Instance < 0 {
				states = append(states, strconv.Itoa(e.Revision)+" "+string(e.State))
			}
		default:
			return states
		}
	}
}

func batch(payloads ...string) *actor.Turn {
	t := new(actor.Turn)
	for i, p := range payloads {
		v := pelton.Borrow([]byte(p), nil, &pelton.Meta{Position: uint64(i), Attempt: 1}, nil, nil)
		t.Deliveries = append(t.Deliveries, actor.Delivery{View: v, After: -1})
	}
	return t
}

// spell is a behaviour by payload: "trap" breaks the instance, "bad" is a fault that leaves it whole, "none" and "odd"
// are nonsense, the rest are verdicts as text.
func spell(_ context.Context, _ *instance, v *pelton.View) (pelton.Verdict, error) {
	switch word := string(v.Payload()); word {
	case "trap":
		return pelton.Verdict{}, &actor.Fault{Kind: actor.FaultTrap, Broken: true, Err: wordError("trap")}
	case "bad":
		return pelton.Verdict{}, &actor.Fault{Kind: actor.FaultMalformed, Err: wordError("bad")}
	case "plain":
		return pelton.Verdict{}, wordError("not a *Fault")
	case "none":
		return pelton.Verdict{}, nil
	case "odd":
		return pelton.Verdict{Decision: pelton.DecisionHold + 1}, nil
	default:
		return pelton.ParseVerdict(word)
	}
}

type wordError string

func (e wordError) Error() string { return string(e) }

// outcomes are the turn's outcomes as text: a verdict, or "!kind".
func outcomes(t *actor.Turn) (s []string) {
	for _, o := range t.Outcomes {
		if o.Fault != nil {
			s = append(s, "!"+string(o.Fault.Kind))
		} else {
			s = append(s, o.Verdict.String())
		}
	}
	return s
}
