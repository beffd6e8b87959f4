package actor_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

// run is one time that a version had a delivery in hand; void is set when the turn that it was part of failed, so
// that nothing of it counts.
type run struct {
	revision int
	at       int // order over all runs
	void     bool
}

// witness sees every run of every version.
type witness struct {
	mu   sync.Mutex
	runs map[uint64][]run // by message
	keys map[uint64]uint16
	at   int

	faults map[int]bool // revisions whose faults the loop saw
	lucky  map[int]bool // bad revisions that were judged live
}

func (w *witness) begin(message uint64, key uint16, revision int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at++
	w.keys[message] = key
	w.runs[message] = append(w.runs[message], run{revision: revision, at: w.at})
}

func (w *witness) discard(turn *actor.Turn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range turn.Deliveries {
		if runs := w.runs[turn.Deliveries[i].Token]; len(runs) > 0 {
			runs[len(runs)-1].void = true
		}
	}
}

// The ways in which a version of the random test is bad.
const (
	good = iota
	trapsFirst
	trapsOften
	breaksNot // faults that leave the instance whole
	overruns  // until its context ends, or until it is stuck
	wontStart
	kinds
)

// candidate makes a version for the random test.
func candidate(w *witness, rng *rand.Rand, revision, kind int) *fake {
	salt := rng.Uint64()
	f := &fake{outputs: []pelton.Output{{Name: "out"}}}
	if kind == wontStart {
		f.start = func(context.Context) error { return errors.New("no room") }
	}
	f.failed = w.discard
	f.each = func(ctx context.Context, _ *instance, v *pelton.View) (pelton.Verdict, error) {
		message := v.Meta().Position
		w.begin(message, binary.BigEndian.Uint16(v.Key()), revision)
		dice := (message*0x9E3779B97F4A7C15 ^ salt) >> 40 % 16
		switch {
		case kind == trapsFirst, kind == trapsOften && dice < 4:
			return pelton.Verdict{}, &actor.Fault{Kind: actor.FaultTrap, Broken: true, Err: wordError("trap")}
		case kind == breaksNot && dice < 6:
			return pelton.Verdict{}, &actor.Fault{Kind: actor.FaultMalformed, Err: wordError("odd")}
		case kind == overruns && dice < 3:
			time.Sleep([]time.Duration{2300 * time.Millisecond, 3 * time.Second, 10 * time.Second}[dice])
		}
		if ctx.Err() != nil {
			return pelton.Verdict{}, &actor.Fault{Kind: actor.FaultTimeout, Err: wordError("late")}
		}
		return pelton.Ack(), nil
	}
	return f
}

// W1 under constant traffic: through 100 swaps, at once and by canaries, every delivery has exactly one outcome, in the order of its key, none is
// run by two versions unless the first of them failed.
func TestRandomSwaps(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("ACTOR_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("ACTOR_SEED=%d", seed)
	synctest.Test(t, func(t *testing.T) { randomSwaps(t, seed) })
}

func randomSwaps(t *testing.T, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	w := &witness{runs: map[uint64][]run{}, keys: map[uint64]uint16{}, faults: map[int]bool{}, lucky: map[int]bool{}}
	modules := []*fake{candidate(w, rng, 1, good)}
	const instances = 2
	r := open(t, actor.Options{
		Instances: instances, Mailbox: 4,
		// A window that the test never waits for: answers come from samples.
		Health: actor.Health{Window: time.Hour, MaxErrorRate: 0.05, MinSamples: 20},
	}, modules[0])
	stop := make(chan struct{})
	var traffic sync.WaitGroup
	produced := make([]uint64, instances)
	for i := range instances {
		seed := rng.Uint64()
		traffic.Go(func() { produced[i] = w.drive(t, r.Plugin, i, rand.New(rand.NewPCG(seed, 2)), stop) })
	}
	for n := range 100 {
		kind := rng.IntN(kinds)
		f := candidate(w, rng, n+2, kind)
		modules = append(modules, f)
		how := []actor.Strategy{{}, {Kind: actor.Canary, Percent: []float64{20, 60, 100}, Hold: 20 * time.Millisecond}}[rng.IntN(2)]
		result, err := r.Swap(t.Context(), actor.Version{Revision: n + 2, Module: f}, how)
		if kind == trapsFirst && result.State == actor.StateLive && result.Figures.New.Deliveries == 0 {
			kind = trapsOften // its canary passed while a turn was stuck: it had no message
		}
		if err != nil || result.State == actor.StateProbing || kind == good != (result.State == actor.StateLive) && (kind == trapsFirst || kind == wontStart || kind == good) {
			t.Errorf("swap %d to a version of kind %d: %+v, %v", n, kind, result, err)
		}
		if result.State == actor.StateLive && kind != good {
			w.lucky[n+2] = true // lucky: a good one ends its window
			modules = append(modules, candidate(w, rng, 1000+n, good))
			if result, err := r.Swap(t.Context(), actor.Version{Revision: 1000 + n, Module: modules[len(modules)-1]}, actor.Strategy{}); err != nil || result.State != actor.StateLive {
				t.Errorf("swap %d to a good version: %+v, %v", n, result, err)
			}
		}
	}
	close(stop)
	traffic.Wait()
	r.close()
	balanced(t, modules...)
	w.judge(t, produced)
	t.Logf("%d messages, stats %+v", produced[0]+produced[1], r.Stats())
}

// drive offers turns to one instance until stop, each key's messages in order, and gives the number of messages. Two
// turns of its own are under way, of different keys. What was not acked is offered again before anything newer, as the
// loop does.
func (w *witness) drive(t *testing.T, p *actor.Plugin, instance int, rng *rand.Rand, stop chan struct{}) (messages uint64) {
	t.Helper()
	done := make(chan *actor.Turn, 2)
	turns := []*actor.Turn{new(actor.Turn), new(actor.Turn)}
	for _, turn := range turns {
		turn.Reply = func(t *actor.Turn) { done <- t }
		done <- turn
	}
	parity := map[*actor.Turn]uint16{turns[0]: 0, turns[1]: 1}
	stopped := false
	for open := 2; open > 0; {
		turn := <-done
		again := w.verify(t, turn)
		select {
		case <-stop:
			stopped = true
		default:
		}
		if stopped && len(again) == 0 {
			open--
			continue
		}
		turn.Reset()
		turn.Deliveries = append(turn.Deliveries, again...)
		for range 1 + rng.IntN(12) {
			if stopped {
				break
			}
			key := uint16(instance)<<8 | uint16(rng.IntN(5))<<1 | parity[turn]
			turn.Deliveries = append(turn.Deliveries, delivery(uint64(instance)<<32|messages, key))
			messages++
		}
		last := map[string]int32{}
		for k := range turn.Deliveries {
			d := &turn.Deliveries[k]
			d.After = -1
			if after, ok := last[string(d.View.Key())]; ok {
				d.After = after
			}
			last[string(d.View.Key())] = int32(k)
		}
		time.Sleep(time.Millisecond) // so that the steps of a canary pass
		if !p.Offer(instance, turn) {
			t.Error("a mailbox with room refused a turn")
			return messages
		}
	}
	return messages
}

//pelton:lends the bytes are the test's own
func delivery(message uint64, key uint16) actor.Delivery {
	v := pelton.Borrow(binary.BigEndian.AppendUint64(nil, message), binary.BigEndian.AppendUint16(nil, key),
		&pelton.Meta{Position: message, Attempt: 1}, nil, nil)
	return actor.Delivery{View: v, Token: message}
}

// verify checks one answer and gives what is to be offered again: what a live version failed on, and what waits behind
// it. Acks have their one emit.
//
//pelton:lends the bytes are the test's own
func (w *witness) verify(t *testing.T, turn *actor.Turn) (again []actor.Delivery) {
	t.Helper()
	emits := map[int]int{}
	for _, e := range turn.Emits {
		emits[e.Delivery]++
		if got := binary.BigEndian.Uint64(e.Payload); got != turn.Deliveries[e.Delivery].Token {
			t.Errorf("E1: an emit of message %d is filed under %d", got, turn.Deliveries[e.Delivery].Token)
		}
	}
	for i := range turn.Deliveries {
		o := turn.Outcomes[i]
		if o.Fault != nil {
			w.mu.Lock()
			w.faults[o.Revision] = true
			w.mu.Unlock()
		}
		if o.Fault != nil || o.Verdict.Decision == pelton.DecisionNone && !turn.Ready(i) {
			again = append(again, turn.Deliveries[i])
			continue
		}
		if o.Verdict.Decision != pelton.DecisionAck || emits[i] != 1 {
			t.Errorf("message %d: %v with %d emits; want ack with one", turn.Deliveries[i].Token, o.Verdict, emits[i])
		}
	}
	return again
}

// judge: each message was run to its end once, by one version, and those of a key in their order.
func (w *witness) judge(t *testing.T, produced []uint64) {
	t.Helper()
	for revision := range w.faults {
		if !w.lucky[revision] {
			t.Errorf("the loop saw a fault of revision %d, which was never live", revision)
		}
	}
	want := 0
	for instance, n := range produced {
		want += int(n)
		last := map[uint16]int{}
		for m := range n {
			message := uint64(instance)<<32 | m
			var counted []run
			for _, r := range w.runs[message] {
				if !r.void {
					counted = append(counted, r)
				}
			}
			if len(counted) != 1 {
				t.Errorf("W1: message %d has %d runs that count, want 1: %+v", message, len(counted), w.runs[message])
				continue
			}
			key := w.keys[message]
			if counted[0].at < last[key] {
				t.Errorf("D3: message %d of key %d was run before an older one", message, key)
			}
			last[key] = counted[0].at
		}
	}
	if len(w.runs) != want {
		t.Errorf("%d messages were run, %d were offered", len(w.runs), want)
	}
}
