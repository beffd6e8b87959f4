package delivery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
)

var now = time.Unix(1000, 0)

// ledger is one over a graph of one plugin, with n messages of one key.
func ledger(n int, change func(p *delivery.Plugin)) *delivery.Ledger {
	p := delivery.Plugin{Name: "p", Instances: 1, Output: 1 << 20, Policy: delivery.Policy{Attempts: 1, MaxDefers: 1, ByKey: true, Behind: 3}}
	change(&p)
	g := &delivery.Graph{Source: delivery.Routes{Plugins: []int{0}}, Plugins: []delivery.Plugin{p, {Name: "q"}, {Name: "r"}}, Targets: []pelton.Target{{Kind: pelton.TargetSink, Name: "k"}}}
	l := delivery.New(delivery.Options{
		Lane: pelton.LaneID{Source: "s", Incarnation: "i", Lane: "l"}, Graph: g, Window: 100, Mark: lot.Mark, Jitter: func() float64 { return 0 },
	})
	for i := range n {
		l.Admit(&delivery.Admission{Framed: delivery.Framed{Ref: pelton.Ref{Index: uint32(i), Generation: 1}, Position: uint64(i), Next: uint64(i + 1), Hash: 1}})
	}
	return l
}

// answer gives the plugin up to n deliveries, each with the same decision, and returns how many it got.
func answer(l *delivery.Ledger, n int, d delivery.Decision) int {
	items := l.Next(0, 0, now, make([]delivery.Item, 0, n))
	decisions := make([]delivery.Decision, len(items))
	for i := range decisions {
		decisions[i] = d
	}
	l.Decide(items, decisions, now)
	return len(items)
}

// written makes everything durable, and gives it.
func written(l *delivery.Ledger) []delivery.Write {
	writes := l.Writes(nil)
	for _, w := range writes {
		l.Written(w.Token)
	}
	return writes
}

func TestExhausted(t *testing.T) {
	for _, c := range []struct {
		exhausted delivery.Exhausted
		writes    int
		watermark uint64
		dropped   uint64
		stopped   string
	}{
		{delivery.ExhaustedDead, 1, 1, 0, ""},
		{delivery.ExhaustedDrop, 0, 1, 1, ""},
		{delivery.ExhaustedStop, 0, 0, 0, "stopped after 1 attempts: trap"},
	} {
		l := ledger(2, func(p *delivery.Plugin) { p.Policy.Exhausted = c.exhausted })
		answer(l, 1, delivery.Decision{Fault: "trap"})
		if got := len(written(l)); got != c.writes || l.Watermark() != c.watermark || l.Counts.Plugins[0].Dropped != c.dropped || l.Halted(0) != c.stopped {
			t.Errorf("%v: %d writes, watermark %d, %+v, %q", c.exhausted, got, l.Watermark(), l.Counts.Plugins[0], l.Halted(0))
		}
		if more := answer(l, 9, delivery.Decision{Verdict: pelton.Ack()}); (more == 0) != (c.stopped != "") {
			t.Errorf("%v: %d offered afterwards", c.exhausted, more)
		}
	}
}

func TestBehindStops(t *testing.T) {
	l := ledger(10, func(*delivery.Plugin) {})
	answer(l, 1, delivery.Decision{Verdict: pelton.Defer(now.Add(time.Hour))})
	if n := answer(l, 64, delivery.Decision{Verdict: pelton.Ack()}); n != 0 {
		t.Errorf("D3: %d offered behind a head that waits", n)
	}
	writes := written(l)
	kind, why := l.Stopped(0)
	if len(writes) != 4 || kind != delivery.WaitBehind || !strings.Contains(why, "order.behind reached") || l.Pending(0) != 6 {
		t.Errorf("%d writes, %s: %q, %d pending", len(writes), kind, why, l.Pending(0))
	}
	for i, w := range writes {
		if w.Record.ID.Message.Position != uint64(i) || (w.Record.Kind == delivery.KindBehind) != (i > 0) || w.Record.Due.IsZero() != (i > 0) {
			t.Errorf("write %d is %+v", i, w.Record)
		}
	}
	if l.Watermark() != 4 {
		t.Errorf("D2: watermark %d, want 4", l.Watermark())
	}
}

func TestUndecidedIsNotOffered(t *testing.T) {
	l := ledger(3, func(*delivery.Plugin) {})
	items := l.Next(0, 0, now, make([]delivery.Item, 0, 9))
	if len(items) != 3 || items[1].After != 0 || items[2].After != 1 {
		t.Fatalf("items %+v", items)
	}
	l.Undecided(items)
	if c := l.Counts.Plugins[0]; c.Offered != 0 || l.Pending(0) != 3 {
		t.Errorf("%+v, %d pending", c, l.Pending(0))
	}
	again := l.Next(0, 0, now, make([]delivery.Item, 0, 9))
	for i := range again {
		if again[i].Ref != items[i].Ref || again[i].Attempt != 1 {
			t.Errorf("item %d is %+v", i, again[i])
		}
	}
}

func TestTooLarge(t *testing.T) {
	l := ledger(1, func(p *delivery.Plugin) {
		p.Outputs = map[string]delivery.Routes{"default": {Plugins: []int{1, 2}, Targets: []int{0}}}
	})
	answer(l, 1, delivery.Decision{Verdict: pelton.Ack(), Emits: []pelton.Emit{{Key: []byte("k"), Payload: make([]byte, 99)}}})
	c, ok := l.NextChild(0)
	if !ok || c.ID.Path != "p#0" {
		t.Fatalf("child %+v", c)
	}
	l.TooLarge(0, delivery.Record{Failed: now})
	if _, ok := l.NextChild(0); ok {
		t.Error("it is still there")
	}
	for i, w := range written(l) {
		r := w.Record
		if w.Kind != delivery.WriteDead || r.Kind != delivery.KindEmit || r.ID.Target.Name != []string{"q", "r"}[i] || len(r.Payload) != 99 || string(r.Key) != "k" ||
			!strings.Contains(r.Reason, "an emit of 99 bytes does not fit") {
			t.Errorf("write %+v", w)
		}
	}
	if l.Watermark() != 0 || l.Queued(0) != 1 {
		t.Errorf("D2: watermark %d while the sink has not completed, %d queued", l.Watermark(), l.Queued(0))
	}
	effects := l.Outbox(0, 9, nil)
	l.Taken(0, 1)
	l.Complete(effects[0].Token, nil, time.Time{})
	if l.Watermark() != 1 || !l.Idle() || l.UnderWay() != 0 {
		t.Errorf("watermark %d, idle %v", l.Watermark(), l.Idle())
	}
}

func TestLent(t *testing.T) {
	l := ledger(6, func(*delivery.Plugin) {})
	items := l.Next(0, 0, now, make([]delivery.Item, 0, 2))
	l.Acked(items[:1])
	got := map[uint32]bool{}
	for _, ref := range l.Lent(nil) {
		got[ref.Index] = true
	}
	if len(got) != 5 || got[1] { // an actor has message 1
		t.Errorf("lent %v", got)
	}
}

// TestShortDeferFollowsTheWall: a time that lies too near is moved, and is one of the wall's clock all the same. With a
// reading of the monotonic clock it would come early when the wall's goes back.
func TestShortDeferFollowsTheWall(t *testing.T) {
	l := ledger(1, func(*delivery.Plugin) {})
	begin := time.Now()
	items := l.Next(0, 0, begin, make([]delivery.Item, 0, 1))
	l.Decide(items, []delivery.Decision{{Verdict: pelton.Defer(begin.Round(0))}}, begin)
	due, ok := l.Due()
	if want := begin.Add(delivery.MinDefer).Round(0); !ok || due != want { // with == a monotonic reading counts
		t.Errorf("due at %v, %t; want %v", due, ok, want)
	}
}
