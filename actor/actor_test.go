package actor_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

// P1: whatever a plugin answers, only the delivery at fault is told so.
func TestIsolation(t *testing.T) {
	f := &fake{each: spell, outputs: []pelton.Output{{Name: "out"}}}
	r := open(t, actor.Options{}, f)
	for fault, kind := range map[string]string{"trap": "!trap", "bad": "!malformed", "plain": "!malformed", "none": "!malformed", "odd": "!malformed"} {
		turn := batch("ack", fault, "ack", "ack", "dead(x)", fault)
		turn.Deliveries[2].After, turn.Deliveries[3].After = 1, 0
		turn.Reply = func(t *actor.Turn) { r.done <- t }
		r.Offer(0, turn)
		<-r.done
		want := []string{"ack", kind, "none", "ack", "dead(x)", kind}
		if got := outcomes(turn); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", fault, got, want)
		}
		if len(turn.Emits) != 2 || turn.Emits[0].Delivery != 0 || turn.Emits[1].Delivery != 3 {
			t.Errorf("%s: emits %+v, want those of 0 and 3", fault, turn.Emits)
		}
	}
	r.close()
	s := r.Stats()
	if s.Faults.Trap != 2 || s.Faults.Malformed != 8 || s.Verdicts[pelton.DecisionAck] != 10 || s.Verdicts[pelton.DecisionNone] != 5 {
		t.Errorf("stats %+v", s)
	}
	balanced(t, f)
}

// The last guard: an output that Init did not declare, a delivery that is not in the turn, one that must wait.
func TestGuard(t *testing.T) {
	outputs := []pelton.Output{{Name: "out"}, {Name: pelton.DefaultOutput}}
	cases := map[string]struct {
		handle func(t *actor.Turn)
		want   string
	}{
		"undeclared": {func(t *actor.Turn) { _ = t.Emit(0, pelton.Emit{Output: "nowhere"}) }, "!output"},
		"default":    {func(t *actor.Turn) { _ = t.Emit(0, pelton.Emit{}) }, "ack"},
		"stranger": {func(t *actor.Turn) {
			t.Emits = append(t.Emits, actor.Emitted{Delivery: 7, Emit: pelton.Emit{Output: "out"}})
		}, "!malformed"},
		"settlement": {func(t *actor.Turn) { _ = t.Settle(actor.Settlement{Token: "x/1"}) }, "!malformed"},
		"its emits": {func(t *actor.Turn) {
			_ = t.Settle(actor.Settlement{Verdict: pelton.Ack(), Emits: []pelton.Emit{{Output: "nowhere"}}})
		}, "!output"},
	}
	for name, c := range cases {
		m := &custom{fake: fake{outputs: outputs}, handle: c.handle}
		p, err := actor.Open(t.Context(), actor.Options{}, actor.Version{Revision: 1, Module: m})
		if err != nil {
			t.Fatal(err)
		}
		turn, done := batch("x"), make(chan *actor.Turn, 1)
		turn.Reply = func(t *actor.Turn) { done <- t }
		p.Offer(0, turn)
		if got := outcomes(<-done); got[0] != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
		if name == "default" && turn.Emits[0].Output != pelton.DefaultOutput {
			t.Errorf("an emit without an output went to %q", turn.Emits[0].Output)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// custom acks everything and then does what it likes to the turn.
type custom struct {
	fake

	handle func(t *actor.Turn)
}

func (c *custom) Start(ctx context.Context, env actor.Env) (actor.Instance, error) {
	i, err := c.fake.Start(ctx, env)
	return &customInstance{Instance: i, handle: c.handle}, err
}

type customInstance struct {
	actor.Instance

	handle func(t *actor.Turn)
}

func (i *customInstance) Handle(ctx context.Context, t *actor.Turn) error {
	err := i.Instance.Handle(ctx, t)
	i.handle(t)
	return err
}

// E1: a settlement takes effect only with the ack of the delivery that made it.
func TestSettlementsOfAckedOnly(t *testing.T) {
	m := &custom{fake: fake{each: spell}, handle: func(t *actor.Turn) {
		for i := range t.Deliveries {
			_ = t.Settle(actor.Settlement{Delivery: i, Token: string(t.Deliveries[i].View.Payload()), Verdict: pelton.Ack()})
		}
	}}
	p, err := actor.Open(t.Context(), actor.Options{}, actor.Version{Revision: 1, Module: m})
	if err != nil {
		t.Fatal(err)
	}
	turn, done := batch("retry(1s)", "ack", "trap"), make(chan *actor.Turn, 1)
	turn.Reply = func(t *actor.Turn) { done <- t }
	p.Offer(0, turn)
	if <-done; len(turn.Settlements) != 1 || turn.Settlements[0].Token != "ack" || turn.Settlements[0].Delivery != 1 {
		t.Errorf("settlements %+v, want that of delivery 1", turn.Settlements)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestMailbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		f := &fake{each: func(context.Context, *instance, *pelton.View) (pelton.Verdict, error) {
			<-gate
			return pelton.Ack(), nil
		}}
		r := open(t, actor.Options{Mailbox: 2, Env: actor.Env{Limits: actor.Limits{Time: int64(time.Hour)}}}, f)
		first := r.post("1")
		synctest.Wait()
		second, third := r.post("2"), r.post("3")
		if s := r.Stats(); s.Mailbox[0] != 2 {
			t.Errorf("mailbox %v, want 2", s.Mailbox)
		}
		if r.Offer(0, batch("4")) {
			t.Error("a full mailbox took a turn")
		}
		close(gate)
		for _, want := range []*actor.Turn{first, second, third} {
			if got := <-r.done; got != want {
				t.Error("turns were answered out of order")
			}
		}
		r.close()
		balanced(t, f)
	})
}

// A broken instance is replaced at once; while it keeps breaking, later and later; a turn resets that.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var starts []time.Time
		f := &fake{each: spell, start: func(context.Context) error {
			starts = append(starts, time.Now())
			return nil
		}}
		r := open(t, actor.Options{}, f)
		for range 12 {
			r.run("trap")
			synctest.Wait()
		}
		r.run("ack")
		if wait := starts[2].Sub(starts[1]); starts[1].Sub(starts[0]) != 0 || wait < 5*time.Millisecond || wait > 15*time.Millisecond {
			t.Errorf("replaced after %v and %v, want at once and about 10ms", starts[1].Sub(starts[0]), wait)
		}
		last := starts[len(starts)-1].Sub(starts[len(starts)-2])
		if last < 2500*time.Millisecond || last > 7500*time.Millisecond {
			t.Errorf("replaced after %v in the end, want about 5s", last)
		}
		before := time.Now()
		r.run("trap")
		synctest.Wait()
		if wait := starts[len(starts)-1].Sub(before); wait != 0 {
			t.Errorf("replaced after %v, want at once after a good turn", wait)
		}
		r.close()
		balanced(t, f)
	})
}

// A replacement that does not start is tried again; the mailbox waits and nothing of it is lost.
func TestRestartFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{each: spell}
		fails := 0
		f.start = func(context.Context) error {
			if n := f.starts.Load(); n > 1 && n < 6 {
				fails++
				return errors.New("no room")
			}
			return nil
		}
		r := open(t, actor.Options{}, f)
		r.run("trap")
		turn := r.run("ack", "ack")
		if got := outcomes(turn); !slices.Equal(got, []string{"ack", "ack"}) || fails != 4 {
			t.Errorf("%v after %d failed starts, want acks after 4", got, fails)
		}
		r.close()
		balanced(t, f)
	})
}

func TestCloseDuringBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{each: spell}
		f.start = func(context.Context) error {
			if f.starts.Load() > 1 {
				return errors.New("no room")
			}
			return nil
		}
		r := open(t, actor.Options{}, f)
		broken := r.post("ack", "trap", "ack")
		queued := r.post("ack")
		time.Sleep(time.Minute) // virtual: deep in the back-off
		r.close()
		if <-r.done != broken || <-r.done != queued {
			t.Fatal("turns were answered out of order")
		}
		if got := outcomes(broken); broken.Lost || !slices.Equal(got, []string{"none", "none", "none"}) {
			t.Errorf("%v, lost %v; want a turn of which nothing was decided", got, broken.Lost)
		}
		if !queued.Lost {
			t.Error("the queued turn was not answered as lost")
		}
		balanced(t, f)
	})
}

// hang is a behaviour that does not return before the channel is closed, whatever the deadline.
func hang(gate chan struct{}) func(context.Context, *instance, *pelton.View) (pelton.Verdict, error) {
	return func(_ context.Context, _ *instance, v *pelton.View) (pelton.Verdict, error) {
		if string(v.Payload()) == "hang" {
			<-gate
		}
		return pelton.Ack(), nil
	}
}

// An instance that can't be stopped keeps its turn and nothing else; when it returns, the turn goes on elsewhere.
func TestStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		f := &fake{each: hang(gate), outputs: []pelton.Output{{Name: "out"}}}
		r := open(t, actor.Options{}, f)
		single, several := r.post("hang"), r.post("a", "hang", "b")
		after := r.post("c")
		if <-r.done != after || after.Outcomes[0].Verdict != pelton.Ack() {
			t.Fatal("a turn behind a stuck one was not answered")
		}
		synctest.Wait()
		if s := r.Stats(); s.Stuck != 2 || s.Turns != 1 || s.Late != 0 {
			t.Errorf("stats %+v, want 2 stuck", s)
		}
		close(gate) // the batch that hung is now run one by one, and no delivery hangs any more
		if a, b := <-r.done, <-r.done; a == b {
			t.Error("a turn was answered twice")
		}
		if got := outcomes(single); got[0] != "!timeout" {
			t.Errorf("%v, want a timeout", got)
		}
		if got := outcomes(several); !slices.Equal(got, []string{"ack", "ack", "ack"}) || len(several.Emits) != 3 {
			t.Errorf("%v with %d emits, want acks with one each", got, len(several.Emits))
		}
		r.close()
		if s := r.Stats(); s.Stuck != 0 || s.Late != 2 || s.Faults.Timeout != 1 {
			t.Errorf("stats %+v, want none stuck, 2 late", s)
		}
		balanced(t, f)
	})
}

// Stuck instances are bounded: the mailbox waits for one of them.
func TestTooManyStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		f := &fake{each: hang(gate)}
		r := open(t, actor.Options{}, f)
		for range 7 {
			r.post("hang")
		}
		r.post("a")
		time.Sleep(time.Hour)
		if s := r.Stats(); s.Stuck != 5 || f.starts.Load() != 5 || s.Mailbox[0] != 3 {
			t.Errorf("stats %+v after %d starts, want 5 stuck and 3 waiting", s, f.starts.Load())
		}
		close(gate)
		timeouts := 0
		for range 8 {
			if turn := <-r.done; turn.Outcomes[0].Fault != nil {
				timeouts++
			}
		}
		if timeouts != 5 {
			t.Errorf("%d timeouts, want 5", timeouts)
		}
		r.close()
		balanced(t, f)
	})
}

// W3: Close answers though an instance is stuck; the turn is answered when it returns.
func TestCloseStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		f := &fake{each: hang(gate)}
		r := open(t, actor.Options{}, f)
		for range 6 {
			r.post("hang")
		}
		queued := r.post("a")
		time.Sleep(time.Minute)
		begin := time.Now()
		err := r.Close(t.Context())
		if err == nil || time.Since(begin) != 30*time.Second || !strings.Contains(err.Error(), "plugin fake: an instance is still in its turn") {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		if s := r.Stats(); s.Lost != 2 || s.Stuck != 5 || s.State != actor.StateClosed {
			t.Errorf("stats %+v, want 2 lost, 5 stuck", s)
		}
		close(gate)
		synctest.Wait()
		if len(r.done) != 7 || !queued.Lost {
			t.Errorf("%d turns answered, want 7", len(r.done))
		}
		balanced(t, f)
	})
}

// What shows signs of life is not stuck, however long it takes; a heartbeat gives time anew, not once and for all.
func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{each: func(ctx context.Context, _ *instance, v *pelton.View) (pelton.Verdict, error) {
			d, err := time.ParseDuration(string(v.Payload()))
			if err != nil {
				return pelton.Verdict{}, err
			}
			for range 100 {
				if time.Sleep(d); ctx.Err() != nil {
					return pelton.Verdict{}, &actor.Fault{Kind: actor.FaultTimeout, Err: ctx.Err()}
				}
				if !actor.Heartbeat(ctx) {
					t.Error("the context of an actor is not known as one")
				}
			}
			return pelton.Ack(), nil
		}}
		r := open(t, actor.Options{}, f)
		for payload, want := range map[string]string{"1s": "ack", "2s": "ack", "2700ms": "!timeout", "1h": "!timeout", "3ms": "ack"} {
			if got := outcomes(r.run(payload)); got[0] != want {
				t.Errorf("a heartbeat every %s: %v, want %s", payload, got, want)
			}
		}
		if actor.Heartbeat(t.Context()) {
			t.Error("a stranger's context is taken for an actor's")
		}
		r.close()
		balanced(t, f)
	})
}

func TestOpenFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		cases := map[string]*fake{
			"no such zone":                     {start: func(context.Context) error { return errors.New("no such zone") }},
			`does not declare output "late"`:   {outputs: []pelton.Output{{Name: "out"}}},
			"start took longer than its limit": {start: func(context.Context) error { <-gate; return nil }},
		}
		for want, f := range cases {
			_, err := actor.Open(t.Context(), actor.Options{Env: actor.Env{Plugin: "fake"}, Instances: 3, Require: []string{"late"}},
				actor.Version{Revision: 1, Module: f})
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "plugin fake: ") {
				t.Errorf("%v, want %q", err, want)
			}
		}
		close(gate)
		synctest.Wait()
		for _, f := range cases {
			balanced(t, f)
		}
	})
}

func TestReduce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		f := &fake{fold: func(c *actor.Call) error {
			switch string(c.Emit) {
			case "trap":
				return &actor.Fault{Kind: actor.FaultTrap, Broken: true, Err: wordError("trap")}
			case "refuse":
				c.Err = wordError("refused")
			case "hang":
				<-gate
			default:
				c.Next = append(slices.Clone(c.State), c.Emit...)
			}
			return nil
		}}
		r := open(t, actor.Options{Instances: 2}, f)
		calls := []actor.Call{{State: []byte("a"), Emit: []byte("b")}, {Emit: []byte("trap")}, {Emit: []byte("refuse")}}
		if err := r.Reduce(t.Context(), calls); err != nil {
			t.Fatal(err)
		}
		if _, ok := errors.AsType[*actor.Fault](calls[1].Err); string(calls[0].Next) != "ab" || calls[0].Err != nil || !ok || !errors.Is(calls[2].Err, wordError("refused")) {
			t.Errorf("calls %+v", calls)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := r.Reduce(ctx, []actor.Call{{Emit: []byte("hang")}}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a reducer that hangs: %v", err)
		}
		close(gate)
		synctest.Wait()
		r.close()
		if err := r.Reduce(t.Context(), calls); !errors.Is(err, actor.ErrClosed) {
			t.Errorf("a closed reducer: %v", err)
		}
		if s := r.Stats(); s.Folds != 4 || s.Faults.Trap != 1 {
			t.Errorf("stats %+v", s)
		}
		balanced(t, f)
	})
}
