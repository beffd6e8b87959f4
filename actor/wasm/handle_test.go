package wasm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

// fault is the *Fault of an error.
func fault(t *testing.T, err error) *actor.Fault {
	t.Helper()
	f, ok := errors.AsType[*actor.Fault](err)
	if !ok {
		t.Fatalf("got %v, want a *Fault", err)
	}
	return f
}

// patient is an Env for what must not run out of time on a busy machine.
func patient() actor.Env {
	return actor.Env{Plugin: "p", Limits: actor.Limits{Time: int64(time.Minute)}}
}

// one runs a turn of one message and returns what it emitted, joined.
func one(t *testing.T, n actor.Instance, command string) string {
	t.Helper()
	turn := batch(actor.DefaultOutput, command)
	if err := n.Handle(t.Context(), turn); err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	if v := turn.Outcomes[0].Verdict; v != pelton.Ack() {
		t.Fatalf("%s: verdict %s, want ack", command, v)
	}
	var all []string
	for _, e := range turn.Emits {
		all = append(all, string(e.Payload))
	}
	return strings.Join(all, ",")
}

func TestFaultsSayWhyInALine(t *testing.T) {
	m := load(t, guest(t, "testdata/suite"))
	short := actor.Limits{Time: int64(200 * time.Millisecond)}
	rows := []struct {
		command string
		limits  actor.Limits
		kind    actor.FaultKind
		broken  bool
		words   string
	}{
		{"trap", actor.Limits{Time: int64(time.Minute)}, actor.FaultTrap, true, "panic: the suite's trap"},
		{"exit", actor.Limits{Time: int64(time.Minute)}, actor.FaultTrap, true, "the plugin exited with code 3"},
		{"hog", actor.Limits{Time: int64(time.Minute), Memory: 16 << 20}, actor.FaultTrap, true, "out of memory: the plugin needs more than limits.memory of 16MiB"},
		{"loop", short, actor.FaultTimeout, true, "the turn took longer than limits.time of 200ms"},
		{"sleep 1h", short, actor.FaultTimeout, true, "the turn took longer than limits.time of 200ms"},
		{"none", actor.Limits{Time: int64(time.Minute)}, actor.FaultMalformed, false, "the plugin gave no verdict"},
		{"retry -1s", actor.Limits{Time: int64(time.Minute)}, actor.FaultMalformed, false, "retry asks for a negative time"},
		{"emit-undeclared", actor.Limits{Time: int64(time.Minute)}, actor.FaultOutput, false, `emit to output "nowhere", which the plugin does not declare`},
		{"emit 9 1024", actor.Limits{Time: int64(time.Minute), Output: 8 << 10}, actor.FaultOutput, false, "the emits of one message are more than limits.output of 8KiB"},
		{"flood", actor.Limits{Time: int64(time.Minute)}, actor.FaultOutput, true, "the emits of one message are more than limits.output of 1MiB"},
		{"drip", actor.Limits{Time: int64(time.Minute)}, actor.FaultOutput, true, "the emits of one message are more than limits.output of 1MiB"},
	}
	for _, row := range rows {
		t.Run(row.command, func(t *testing.T) {
			n := start(t, m, actor.Env{Limits: row.limits})
			limit := max(row.limits.Output, 0)
			if limit == 0 {
				limit = actor.DefaultOutput
			}
			f := fault(t, n.Handle(t.Context(), batch(limit, row.command)))
			if f.Kind != row.kind || f.Broken != row.broken || f.Err.Error() != row.words {
				t.Errorf("got %s, broken %t; want %s: %s, broken %t", f, f.Broken, row.kind, row.words, row.broken)
			}
			if !row.broken {
				one(t, n, "ack")
				return
			}
			if f := fault(t, n.Handle(t.Context(), batch(limit, "ack"))); !f.Broken {
				t.Errorf("a broken instance answered %v", f)
			}
		})
	}
}

func TestTurnOfManyWindows(t *testing.T) {
	n := suite(t, patient())
	const messages, size = 100, 16 << 10 // 1.6 MB through a window of 256 KiB
	payloads := make([]string, messages)
	for i := range payloads {
		payloads[i] = fmt.Sprintf("echo;type %d;log %s", i, strings.Repeat("x", size))
	}
	turn := batch(actor.DefaultOutput, payloads...)
	if err := n.Handle(t.Context(), turn); err != nil {
		t.Fatal(err)
	}
	for i := range payloads {
		echo, typed := turn.Emits[2*i], turn.Emits[2*i+1]
		if want := payloads[i] + "|k|1|-"; echo.Delivery != i || string(echo.Payload) != want || string(echo.Key) != "k" {
			t.Fatalf("message %d came back otherwise: delivery %d, %d bytes", i, echo.Delivery, len(echo.Payload))
		}
		if typed.ContentType != fmt.Sprint(i) || turn.Outcomes[i].Verdict != pelton.Ack() {
			t.Fatalf("message %d: content type %q, verdict %s", i, typed.ContentType, turn.Outcomes[i].Verdict)
		}
	}
}

func TestMessageLargerThanTheWindow(t *testing.T) {
	n := suite(t, patient())
	large := "log " + strings.Repeat("x", 3<<20)
	turn := batch(16<<20, "echo", large+";echo", "echo")
	if err := n.Handle(t.Context(), turn); err != nil {
		t.Fatal(err)
	}
	if len(turn.Emits) != 3 || string(turn.Emits[1].Payload) != large+";echo|k|1|-" || string(turn.Emits[2].Payload) != "echo|k|1|-" {
		t.Errorf("got %d emits", len(turn.Emits))
	}
}

// D3, within a window and across windows.
func TestKeyOrder(t *testing.T) {
	n := suite(t, patient())
	pad := ";log " + strings.Repeat("x", 200<<10) // one message fills most of a window
	for _, far := range []string{"", pad} {
		turn := batch(actor.DefaultOutput, "ack"+far, "retry 1s"+far, "echo"+far, "dead no"+far, "echo"+far, "echo"+far)
		turn.Deliveries[1].After = 0
		turn.Deliveries[2].After = 1 // behind a retry
		turn.Deliveries[4].After = 3 // behind a dead one
		turn.Deliveries[5].After = 2 // behind one that was not offered
		if err := n.Handle(t.Context(), turn); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range turn.Outcomes {
			got = append(got, o.Verdict.Decision.String())
		}
		if want := "ack retry none dead ack none"; strings.Join(got, " ") != want || len(turn.Emits) != 1 || turn.Emits[0].Delivery != 4 {
			t.Errorf("got %v and %d emits, want %s and one emit of 4", got, len(turn.Emits), want)
		}
	}
}

// A call has room for 744 descriptors, and for fewer with tables of fields: more deliveries take more calls, in order (D3).
func TestTurnOfManyDeliveries(t *testing.T) {
	const messages, late = 2000, 1500
	n := suite(t, patient())
	turn := batch(actor.DefaultOutput, slices.Repeat([]string{"ack"}, messages)...)
	for i := range turn.Deliveries {
		turn.Deliveries[i].After = int32(i - 1)
	}
	for range 2 {
		turn.Begin(actor.DefaultOutput)
		if err := n.Handle(t.Context(), turn); err != nil {
			t.Fatal(err)
		}
		for i, o := range turn.Outcomes {
			if o.Verdict != pelton.Ack() {
				t.Fatalf("delivery %d: %v", i, o.Verdict)
			}
		}
	}
	turn.Deliveries[late].View = batch(actor.DefaultOutput, "retry 1s").Deliveries[0].View
	turn.Begin(actor.DefaultOutput)
	if err := n.Handle(t.Context(), turn); err != nil {
		t.Fatal(err)
	}
	for i, o := range turn.Outcomes {
		want := pelton.Ack()
		if i == late {
			want = pelton.Retry(time.Second)
		} else if i > late {
			want = pelton.Verdict{}
		}
		if o.Verdict != want {
			t.Fatalf("delivery %d: %v, want %v", i, o.Verdict, want)
		}
	}
}

// A brief turn in which all is acked has no outcomes, and any other has all of them.
func TestBriefTurns(t *testing.T) {
	n := suite(t, patient())
	turn := batch(actor.DefaultOutput, "ack", "ack", "ack")
	acks := turn.Deliveries
	others := batch(actor.DefaultOutput, "ack", "retry 1s", "ack").Deliveries
	emits := batch(actor.DefaultOutput, "ack", "emit 1 1", "ack").Deliveries
	turn.Brief = true
	for round, deliveries := range [][]actor.Delivery{acks, others, acks, emits, acks, others} {
		turn.Deliveries = deliveries
		turn.Begin(actor.DefaultOutput)
		if err := n.Handle(t.Context(), turn); err != nil {
			t.Fatal(err)
		}
		const none, ack, retry = pelton.DecisionNone, pelton.DecisionAck, pelton.DecisionRetry
		want := [][3]pelton.Decision{{none, none, none}, {ack, retry, ack}, {none, none, none}, {ack, ack, ack}}[round%4]
		for i, o := range turn.Outcomes {
			if o.Verdict.Decision != want[i] {
				t.Errorf("round %d: delivery %d is %v, want %v", round, i, o.Verdict.Decision, want[i])
			}
		}
		if turn.Plain != (round%2 == 0) {
			t.Errorf("round %d: plain %t", round, turn.Plain)
		}
	}
}

func TestFieldsAreGivenFromTheirFirstUseOn(t *testing.T) {
	n := suite(t, patient())
	meta := &pelton.Meta{Attempt: 1}
	names := []string{"other", "f"}
	row := func(fields ...pelton.Field) actor.Delivery {
		return actor.Delivery{View: pelton.Borrow([]byte(`echo;log "abc"`), nil, meta, fields, names), After: -1}
	}
	at := pelton.Field{Offset: 10, Length: 3, Kind: pelton.KindString}
	for range 2 { // the first turn asks for each, the second has them in the window
		turn := &actor.Turn{Deliveries: []actor.Delivery{row(pelton.Field{}, at), row(pelton.Field{}, pelton.Field{}), row(pelton.Field{}, at)}}
		turn.Begin(actor.DefaultOutput)
		if err := n.Handle(t.Context(), turn); err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"abc", "-", "abc"} {
			if got := string(turn.Emits[i].Payload); got != `echo;log "abc"||1|`+want {
				t.Errorf("message %d: got %s, want field %s", i, got, want)
			}
		}
		if turn.Emits[0].Key != nil {
			t.Errorf("a message without a key has key %q", turn.Emits[0].Key)
		}
	}
}

func TestMetaOnDemand(t *testing.T) {
	n := suite(t, patient())
	meta := &pelton.Meta{
		Lane: &pelton.LaneID{Source: "s", Incarnation: "i", Lane: strings.Repeat("long", 100)}, Position: 7, Attempt: 3,
		Trace: "00-1-2-01", Headers: []pelton.Header{{Name: "h", Value: "v"}},
	}
	turn := &actor.Turn{Deliveries: []actor.Delivery{{View: pelton.Borrow([]byte("about;token"), nil, meta, nil, nil), After: -1}}}
	turn.Begin(actor.DefaultOutput)
	if err := n.Handle(t.Context(), turn); err != nil {
		t.Fatal(err)
	}
	id := meta.MessageID().String()
	if got, want := string(turn.Emits[0].Payload), id+"|s|"+meta.Lane.Lane+"|v|00-1-2-01"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := string(turn.Emits[1].Payload), id+">plugin/p/3"; got != want {
		t.Errorf("hold token: got %s, want %s", got, want)
	}
}

func TestSettlement(t *testing.T) {
	n := suite(t, patient())
	turn := batch(actor.DefaultOutput, "ack", "settle a/1 ack;settle b/2 dead")
	if err := n.Handle(t.Context(), turn); err != nil {
		t.Fatal(err)
	}
	want := []string{"1 a/1 ack out settled", "1 b/2 dead(settled) out settled"}
	for i, s := range turn.Settlements {
		if got := fmt.Sprint(s.Delivery, " ", s.Token, " ", s.Verdict, " ", s.Emits[0].Output, " ", string(s.Emits[0].Payload)); got != want[i] {
			t.Errorf("got %s, want %s", got, want[i])
		}
	}
	if len(turn.Settlements) != 2 || len(turn.Emits) != 0 {
		t.Errorf("got %d settlements and %d emits", len(turn.Settlements), len(turn.Emits))
	}
}

func TestNothingOfTheMachineIsGiven(t *testing.T) {
	t.Setenv("PELTON_SECRET", "hunter2")
	n := suite(t, patient())
	if got := one(t, n, "world"); got != "|" {
		t.Errorf("arguments and environment: got %q, want none", got)
	}
	if got := one(t, n, "open /etc/hostname"); !strings.Contains(got, "open /etc/hostname: ") {
		t.Errorf("got %q, want a refusal", got)
	}
}

func TestLogIsBounded(t *testing.T) {
	var mu sync.Mutex
	var got []string
	env := patient()
	env.Log = func(level, line string) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, level+" "+line)
	}
	n := suite(t, env)
	one(t, n, "log hello;print from standard output;log "+strings.Repeat("y", 10000))
	if len(got) != 3 || got[0] != "info hello" || got[1] != "info from standard output" || len(got[2]) > 5000 {
		t.Errorf("got %.80q", got)
	}
	one(t, n, "chatter x")
	if len(got) > 5000 {
		t.Errorf("%d lines of a plugin that floods its log came through", len(got))
	}
}

func TestEndOfTheContextEndsTheTurn(t *testing.T) {
	n := suite(t, patient())
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	f := fault(t, n.Handle(ctx, batch(actor.DefaultOutput, "loop")))
	if f.Kind != actor.FaultTimeout || !f.Broken || !errors.Is(f, context.Canceled) {
		t.Errorf("got %v", f)
	}
}

func TestDeadlineOfTheContext(t *testing.T) {
	n := suite(t, patient())
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	f := fault(t, n.Handle(ctx, batch(actor.DefaultOutput, "loop")))
	if want := "the turn was ended: context deadline exceeded"; f.Kind != actor.FaultTimeout || !f.Broken || f.Err.Error() != want {
		t.Errorf("got %v, want %s", f, want)
	}
}

func TestContextThatEndsBetweenTurnsHarmsNothing(t *testing.T) {
	m := load(t, guest(t, "testdata/suite"))
	ctx, cancel := context.WithCancel(t.Context())
	n, err := m.Start(ctx, patient())
	cancel()
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close(t.Context())
	for _, limit := range []time.Duration{time.Second * 30, time.Hour} {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		if err := n.Handle(ctx, batch(actor.DefaultOutput, "ack")); err != nil {
			t.Fatal(err)
		}
		cancel()
	}
	one(t, n, "ack")
}

func TestCloseDuringATurnAndAgain(t *testing.T) {
	env, running := patient(), make(chan struct{})
	env.Log = func(string, string) { close(running) }
	n := suite(t, env)
	done := make(chan error)
	go func() { done <- n.Handle(context.Background(), batch(actor.DefaultOutput, "log started;loop")) }()
	<-running
	if n.Memory() == 0 {
		t.Error("a running instance has no memory")
	}
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f := fault(t, <-done); !f.Broken || !errors.Is(f, context.Canceled) {
		t.Errorf("got %v", f)
	}
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n.Memory() != 0 {
		t.Errorf("a closed instance holds %d bytes", n.Memory())
	}
	if f := fault(t, n.Handle(t.Context(), batch(actor.DefaultOutput, "ack"))); !f.Broken {
		t.Errorf("a closed instance answered %v", f)
	}
}

// The host's own allocations are none: what remains is what the engine makes per call, whatever the batch.
func TestAllocationsPerTurn(t *testing.T) {
	n := start(t, load(t, noop()), patient())
	turn := flights(256)
	allocations := testing.AllocsPerRun(100, func() {
		turn.Begin(actor.DefaultOutput)
		if err := n.Handle(context.Background(), turn); err != nil {
			t.Fatal(err)
		}
	})
	if allocations > 4 {
		t.Errorf("%v allocations in a turn of 256 messages, want at most 4, none of them per message", allocations)
	}
}
