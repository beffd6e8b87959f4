package loop_test

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/loop"
)

// fetcher answers requests after a while; it has no limits of its own.
type fetcher struct {
	answer func(r *pelton.Request) (*pelton.Response, time.Duration)

	mu       sync.Mutex
	asked    []string
	now      int // responses that are not released
	most     int
	released int
}

func (f *fetcher) Fetch(r *pelton.Request, done func(*pelton.Response, func())) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, r.URL)
	f.now++
	f.most = max(f.most, f.now)
	response, wait := f.answer(r)
	time.AfterFunc(wait, func() {
		done(response, sync.OnceFunc(func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.now--
			f.released++
		}))
	})
}

// await makes a world with one plugin that asks for each message and emits what came.
func awaiting(t *testing.T, n int, f *fetcher, offers *log[seen], handle handler) *world {
	t.Helper()
	if handle == nil {
		handle = func(m *native.Message, out *native.Out) pelton.Verdict {
			r := m.Response()
			if r == nil {
				out.Emit("", m.Key(), []byte("never seen")) // takes no effect
				return out.Fetch(&pelton.Request{URL: string(m.Payload())})
			}
			out.Emit("", m.Key(), fmt.Appendf(nil, "%s: %d %s", m.Payload(), r.Status, r.Body))
			return pelton.Ack()
		}
	}
	w := newWorld(t, n, watch(offers, handle))
	w.options.Grants = []loop.Grant{{Fetcher: f}}
	w.http = true
	w.graph.Plugins[0].Policy.Requests, w.graph.Plugins[0].Policy.MaxRequests = 8, 3
	return w
}

// Each message is held until its response is there, in the order of its key; the others go on meanwhile. No attempt is
// spent, and no more than the limit await at once.
func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var offers log[seen]
		f := &fetcher{answer: func(r *pelton.Request) (*pelton.Response, time.Duration) {
			n, _ := strconv.Atoi(r.URL)
			return &pelton.Response{Status: 200, Body: []byte("re " + r.URL)}, time.Duration(1+n*7%13) * time.Second
		}}
		const n = 400
		w := awaiting(t, n, f, &offers, nil)
		w.lane.make = keyed(100)
		out := w.to(0)
		w.start()
		w.settle()
		w.told(n)
		last := map[string]int{}
		for _, e := range out.got {
			var i int
			var text string
			if _, err := fmt.Sscanf(string(e.Payload), "%d: 200 re %s", &i, &text); err != nil || text != strconv.Itoa(i) {
				t.Fatalf("emitted %q", e.Payload)
			}
			if before, ok := last[string(e.Key)]; ok && before >= i {
				t.Errorf("D3: %d of key %s comes behind %d", i, e.Key, before)
			}
			last[string(e.Key)] = i
		}
		for _, o := range offers.get() {
			if o.attempt != 1 {
				t.Errorf("message %s was offered as attempt %d", o.payload, o.attempt)
			}
		}
		c := w.loop.Stats().Counts.Plugins[0]
		if out.count() != n || len(f.asked) != n || f.released != n || c.Awaited != n || c.Acked != n || c.Faults+c.Retried != 0 {
			t.Errorf("%d effects, %d requests, %d released, counts %+v", out.count(), len(f.asked), f.released, c)
		}
		if f.most < 2 || f.most > 8+64 { // a turn that asks all at once is let through
			t.Errorf("%d responses were on their way at once", f.most)
		}
		w.close()
	})
}

// After a response the plugin may ask again, so often and no more; that counts as a failed attempt.
func TestAwaitTooOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var offers log[seen]
		f := &fetcher{answer: func(*pelton.Request) (*pelton.Response, time.Duration) {
			return &pelton.Response{Error: pelton.ResponseTimeout}, time.Second
		}}
		w := awaiting(t, 1, f, &offers, func(m *native.Message, out *native.Out) pelton.Verdict {
			if r := m.Response(); r != nil && r.Error != pelton.ResponseTimeout {
				return pelton.Dead("not the response")
			}
			return out.Fetch(&pelton.Request{URL: fmt.Sprint("attempt ", m.Attempt())})
		})
		w.start()
		w.settle()
		dead := w.dead()
		if len(dead) != 1 || dead[0].Reason != "after 3 attempts: it made more than 3 requests (capabilities.http.max_requests)" {
			t.Fatalf("dead letters %+v", dead)
		}
		var want []string
		for attempt := 1; attempt <= 3; attempt++ {
			for range 3 {
				want = append(want, fmt.Sprint("attempt ", attempt))
			}
		}
		if !slices.Equal(f.asked, want) || f.released != len(want) {
			t.Errorf("asked %q, released %d", f.asked, f.released)
		}
		w.close()
	})
}

// A version that did not ask does not get the response: the message starts over.
func TestAwaitOverSwap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var offers log[seen]
		f := &fetcher{answer: func(*pelton.Request) (*pelton.Response, time.Duration) {
			return &pelton.Response{Status: 200}, 10 * time.Second
		}}
		w := awaiting(t, 1, f, &offers, nil)
		w.to(0)
		w.start()
		w.pass(time.Second)
		second := func(m *native.Message, out *native.Out) pelton.Verdict {
			if m.Response() == nil {
				return out.Fetch(&pelton.Request{URL: "second"})
			}
			return pelton.Ack()
		}
		go func() {
			module := native.Module("second", func() native.Plugin { return plugin{second} })
			if _, err := w.plugins[0].Swap(t.Context(), actor.Version{Revision: 2, Module: module}, actor.Strategy{}); err != nil {
				t.Error(err)
			}
		}()
		w.settle()
		if !slices.Equal(f.asked, []string{"0", "second"}) || f.released != 2 {
			t.Errorf("asked %q, released %d", f.asked, f.released)
		}
		w.pass(time.Minute)
		w.close()
	})
}

// A crash while a response is on its way: the message starts over, and its key keeps its order.
func TestAwaitOverCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var offers log[seen]
		f := &fetcher{answer: func(*pelton.Request) (*pelton.Response, time.Duration) {
			return &pelton.Response{Status: 200, Body: []byte("x")}, 5 * time.Second
		}}
		w := awaiting(t, 21, f, &offers, nil)
		out := w.to(0)
		w.start()
		w.pass(time.Second)
		w.store.Crash()
		_ = w.loop.Close(t.Context())
		w.dismantle()
		w.pass(time.Minute) // answers come to nobody
		if f.now != 0 {
			t.Errorf("%d responses are kept by a loop that is over", f.now)
		}
		w.start()
		w.settle()
		w.told(21)
		if out.count() != 21 {
			t.Errorf("%d effects: %q", out.count(), out.payloads())
		}
		w.close()
	})
}
