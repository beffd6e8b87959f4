package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	v5 "github.com/eclipse/paho.golang/paho"
	v3 "github.com/eclipse/paho.mqtt.golang"

	"github.com/peltonhq/pelton/api"
)

const broker = `
sources:
  sensors: {mqtt: {listen: "127.0.0.1:0", topics: ["sensors/#"], key: topic}, decode: {format: json}}
sinks:
  out: {from: [sensors], file: {path: %s}}
`

// mqttAddr is where the wheel's source listens.
func (w *wheel) mqttAddr() string {
	w.t.Helper()
	i := slices.IndexFunc(w.told, func(e event) bool { return e.Event == "accepting" })
	if i < 0 {
		w.t.Fatal("the wheel did not say where it accepts MQTT")
	}
	return w.told[i].MQTT
}

// publisher sends numbered messages, and counts those that have their PUBACK without a hole before them.
type publisher struct {
	name  string
	acked int // all below have their PUBACK
}

// old sends with MQTT 3.1.1, up to 32 on their way, until the connection breaks.
func (p *publisher) old(addr string, acks chan<- struct{}) {
	o := v3.NewClientOptions().AddBroker("tcp://" + addr).SetClientID(p.name).SetProtocolVersion(4).SetAutoReconnect(false)
	gone := make(chan struct{})
	var once sync.Once
	o.SetConnectionLostHandler(func(v3.Client, error) { once.Do(func() { close(gone) }) })
	c := v3.NewClient(o)
	if t := c.Connect(); !t.WaitTimeout(patience) || t.Error() != nil {
		return // it was killed before
	}
	defer c.Disconnect(0)
	var window []v3.Token
	for n := p.acked; ; n++ {
		window = append(window, c.Publish("sensors/"+p.name, 1, false, p.text(n)))
		if len(window) < 32 {
			continue
		}
		select {
		case <-window[0].Done():
		case <-gone: // tokens of a connection that is lost may never be done
			return
		}
		if window[0].Error() != nil {
			return
		}
		p.acked++
		window = window[1:]
		acks <- struct{}{}
	}
}

// young sends with MQTT 5, one after the other.
func (p *publisher) young(addr string, acks chan<- struct{}) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := v5.NewClient(v5.ClientConfig{
		Conn: conn, PacketTimeout: patience, OnClientError: func(error) { cancel() }, OnServerDisconnect: func(*v5.Disconnect) { cancel() },
	})
	if _, err := c.Connect(ctx, &v5.Connect{ClientID: p.name, CleanStart: true, KeepAlive: 60}); err != nil {
		return
	}
	for {
		ack, err := c.Publish(ctx, &v5.Publish{Topic: "sensors/" + p.name, QoS: 1, Payload: []byte(p.text(p.acked))})
		if err != nil || ack.ReasonCode != 0 {
			return
		}
		p.acked++
		acks <- struct{}{}
	}
}

func (p *publisher) text(n int) string { return fmt.Sprintf(`{"poster":%q,"number":%d}`, p.name, n) }

// TestKillMQTT kills a wheel while clients publish to it: every message that has its PUBACK is in the sink (M1), in its
// client's order.
func TestKillMQTT(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out := filepath.Join(dir, "out.jsonl")
	config := write(t, filepath.Join(dir, "pelton.yaml"), fmt.Sprintf(broker, out))
	r := random(t)
	all := []*publisher{{name: "a"}, {name: "b"}, {name: "c"}, {name: "d"}}
	for range 4 {
		w := start(t, config)
		acks := make(chan struct{}, 1<<20)
		var wait sync.WaitGroup
		for i, p := range all {
			send := p.old
			if i%2 == 1 {
				send = p.young
			}
			wait.Go(func() { send(w.mqttAddr(), acks) })
		}
		n := 200 + r.IntN(2000)
		for range n {
			<-acks
		}
		w.kill()
		wait.Wait()
		t.Logf("killed behind %d PUBACKs", n+len(acks))
	}
	w := start(t, config)
	s := w.until(func(s api.Stats) bool { return s.Sources[0].Queue.Bytes == 0 })
	w.stop()
	seen := map[mail]int{}
	next := map[string]int{}
	for line := range strings.Lines(read(t, out)) {
		var m mail
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		if seen[m] == 0 && m.Number != next[m.Poster] {
			t.Fatalf("%+v comes before message %d was there", m, next[m.Poster])
		}
		if seen[m]++; seen[m] == 1 {
			next[m.Poster]++
		}
	}
	for _, p := range all {
		if next[p.name] < p.acked {
			t.Errorf("client %s has %d PUBACKs, %d messages are there", p.name, p.acked, next[p.name])
		}
		t.Logf("client %s: %d PUBACKs, %d messages", p.name, p.acked, next[p.name])
	}
	if q := s.Sources[0].Queue; q.Denied != 0 || q.Refused != 0 {
		t.Errorf("figures %+v", q)
	}
}
