package e2e

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/delta"
	"github.com/peltonhq/pelton/internal/natstest"
)

// changing is a config whose source, decode and plugin change while messages flow.
type changing struct {
	t            *testing.T
	w            *wheel
	file         string
	source       string // with a number that it is opened with
	codes        [2]string
	n, at, flips int
}

func newChanging(t *testing.T, source string) *changing {
	t.Helper()
	plugin, err := filepath.Abs("testdata/copy")
	if err != nil {
		t.Fatal(err)
	}
	c := &changing{t: t, file: filepath.Join(t.TempDir(), "pelton.yaml"), source: source, n: 1000}
	c.codes = [2]string{built(t, plugin), built(t, changed(t, plugin, `out.Emit("default",`, `out.Emit("",`))}
	c.w = start(t, c.write())
	return c
}

func (c *changing) write() string {
	c.t.Helper()
	fields := ""
	if c.flips%2 == 1 {
		fields = ", fields: [number]"
	}
	return write(c.t, c.file, fmt.Sprintf(`
sources:
  in: {%s, decode: {format: json, key: poster%s}}
plugins:
  copy: {from: [in], wasm: {path: %s}, health: {window: 200ms}}
sinks:
  out: {from: [copy], file: {path: out.jsonl}}
`, fmt.Sprintf(c.source, c.n), fields, c.codes[c.at%2]))
}

// apply applies the config as it is now, which must have one change, of this effect.
func (c *changing) apply(effect string) {
	c.t.Helper()
	var plan delta.Plan
	c.w.says(&plan, "apply", c.write())
	if len(plan.Changes) != 1 || plan.Changes[0].Effect != effect {
		c.t.Errorf("want one change, %s: %+v", effect, plan)
	}
	if e := c.w.await("apply"); e.Outcome != api.AppliedChanged {
		c.t.Errorf("%+v", e)
	}
}

// plugin swaps the plugin's code.
func (c *changing) plugin() {
	c.at++
	c.apply(delta.EffectSwap)
}

// decode has the source's lanes begin again.
func (c *changing) decode() {
	c.flips++
	c.apply(delta.EffectRewire)
}

// reopen has the source closed and opened again.
func (c *changing) reopen() {
	c.n++
	c.apply(delta.EffectReplace)
}

// came is how many messages of each poster came out, which each came in order: the n-th that is new has the number n. twice
// counts those that came again.
func (c *changing) came() (next map[string]int, twice int) {
	c.t.Helper()
	next = map[string]int{}
	for line := range strings.Lines(read(c.t, filepath.Join(filepath.Dir(c.file), "out.jsonl"))) {
		var m mail
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			c.t.Fatal(err)
		}
		switch {
		case m.Number > next[m.Poster]:
			c.t.Fatalf("%+v comes before message %d was there", m, next[m.Poster])
		case m.Number < next[m.Poster]:
			twice++
		default:
			next[m.Poster]++
		}
	}
	return next, twice
}

const rounds = 2

// TestApplyNATS changes a plugin, the decode of a source and the source itself while somebody publishes to its stream: every
// message comes out once, in order.
func TestApplyNATS(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t)
	s.Stream(t, jetstream.StreamConfig{Name: "MAIL", Subjects: []string{"mail.>"}})
	c := newChanging(t, "nats: {url: '"+s.URL()+"', stream: MAIL, durable: wheel, max_messages: %d}")
	js := s.JetStream(t)
	stop, published := make(chan struct{}), atomic.Int64{}
	var wait sync.WaitGroup
	wait.Go(func() {
		for n := 0; ; n++ {
			if _, err := js.Publish(t.Context(), "mail.in", fmt.Appendf(nil, `{"poster":"p%d","number":%d}`, n%5, n/5)); err != nil {
				t.Error(err)
				return
			}
			published.Add(1)
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	flows := func() { // messages come out between two changes
		written := c.w.stats().Sinks[0].Written
		c.w.until(func(s api.Stats) bool { return s.Sinks[0].Written > written+50 })
	}
	for range rounds {
		for _, change := range []func(){c.plugin, c.decode, c.reopen} {
			flows()
			change()
		}
	}
	flows()
	close(stop)
	wait.Wait()
	c.w.until(func(s api.Stats) bool { return s.Sources[0].Lanes[0].Watermark == uint64(published.Load())+1 })
	c.w.stop()
	next, twice := c.came()
	sum := 0
	for _, n := range next {
		sum += n
	}
	if int64(sum) != published.Load() || twice > 0 {
		t.Errorf("%d messages were published, %d came out, %d of them again", published.Load(), sum, twice)
	}
	consumer, err := js.Consumer(limited(t), "MAIL", "wheel")
	if err != nil {
		t.Fatal(err)
	}
	if i := consumer.CachedInfo(); i.AckFloor.Stream != uint64(published.Load()) || i.NumAckPending != 0 {
		t.Errorf("the consumer shows %d of %d acknowledged, %d pending", i.AckFloor.Stream, published.Load(), i.NumAckPending)
	}
}

// TestApplyMQTT is the same with clients that publish over MQTT 3.1.1 and 5. A change of the source itself ends their
// connections, so that they send again what has no PUBACK; each message that has one comes out, in its client's order.
func TestApplyMQTT(t *testing.T) {
	t.Parallel()
	c := newChanging(t, `mqtt: {listen: "127.0.0.1:0", topics: ["sensors/#"], max_inflight: %d}`)
	all := []*publisher{{name: "a"}, {name: "b"}, {name: "c"}, {name: "d"}}
	acks := make([]chan struct{}, len(all))
	for i := range acks {
		acks[i] = make(chan struct{}, 1<<20)
	}
	var wait sync.WaitGroup
	connect := func(addr string) {
		wait.Wait() // for the connections to the address before
		for i, p := range all {
			send := p.old
			if i%2 == 1 {
				send = p.young
			}
			wait.Go(func() { send(addr, acks[i]) })
		}
	}
	connect(c.w.mqttAddr())
	flows := func() { // each client has some PUBACKs more
		for _, of := range acks {
			for len(of) > 0 {
				<-of
			}
			for range 20 {
				<-of
			}
		}
	}
	for range rounds {
		flows()
		c.plugin()
		flows()
		c.decode()
		flows()
		c.n++
		var plan delta.Plan
		c.w.says(&plan, "apply", c.write())
		if len(plan.Changes) != 1 || plan.Changes[0].Effect != delta.EffectReplace {
			t.Errorf("%+v", plan)
		}
		connect(c.w.await("accepting").MQTT)
	}
	flows()
	c.w.until(func(s api.Stats) bool { return s.Sinks[0].Written > 0 })
	c.n++ // which ends the connections
	c.w.says(new(delta.Plan), "apply", c.write())
	wait.Wait()
	c.w.until(func(s api.Stats) bool { return s.Sources[0].Queue.Bytes == 0 })
	c.w.stop()
	next, twice := c.came()
	for _, p := range all {
		if next[p.name] < p.acked {
			t.Errorf("client %s has %d PUBACKs, %d messages are there", p.name, p.acked, next[p.name])
		}
	}
	t.Logf("%v came out, %d of them again", next, twice)
}
