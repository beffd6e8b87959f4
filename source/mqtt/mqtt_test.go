package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	v5 "github.com/eclipse/paho.golang/paho"
	v3 "github.com/eclipse/paho.mqtt.golang"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/source/ingest"
	"github.com/peltonhq/pelton/source/mqtt"
	"github.com/peltonhq/pelton/source/sourcetest"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
)

// silent is a listener that nobody connects to. It waits on a channel, so that a bubble knows that it waits.
type silent struct {
	once sync.Once
	done chan struct{}
}

func (s *silent) Accept() (net.Conn, error) {
	<-s.done
	return nil, net.ErrClosed
}

func (s *silent) Close() error {
	s.once.Do(func() { close(s.done) })
	return nil
}

func (s *silent) Addr() net.Addr { return &net.TCPAddr{} }

// closing closes a store behind its source.
type closing struct {
	source.Source
	store *memory.Store
}

func (c closing) Close() error { return errors.Join(c.Source.Close(), c.store.Close()) }

// The kit runs on what a client published to another source before.
func TestSource(t *testing.T) {
	want := []string{`{"a":1}`, sourcetest.Bad, `{"a":"three"}`, "[]"}
	w := start(t, mqtt.Options{}, ingest.Options{})
	c, err := w.old(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range want {
		if err := publish(t, c, "t", strings.Replace(p, sourcetest.Bad, "{", 1)); err != nil {
			t.Fatal(err)
		}
	}
	records := content(t, w.store)
	sourcetest.Run(t, sourcetest.Kit{
		Open: func(t *testing.T) source.Source {
			s := memory.New()
			token, err := s.Claim(t.Context(), "test")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Append(t.Context(), token, slices.Clone(records)); err != nil {
				t.Fatal(err)
			}
			q, err := ingest.Open(t.Context(), ingest.Options{Name: "sensors", Store: s})
			if err != nil {
				t.Fatal(err)
			}
			return closing{mqtt.New(mqtt.Options{Queue: q, Listener: &silent{done: make(chan struct{})}}), s}
		},
		Decode: decode.Config{Format: decode.JSON, Key: "a"},
		Want:   want,
	})
}

// What is kept of a PUBLISH, of both versions and both levels.
func TestMessages(t *testing.T) {
	w := start(t, mqtt.Options{Topics: []string{"rooms/+/temperature"}, Key: mqtt.KeyTopic}, ingest.Options{})
	o, err := w.old(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := publish(t, o, "rooms/1/temperature", "20"); err != nil {
		t.Fatal(err)
	}
	o.Publish("rooms/2/temperature", 0, true, "") // nobody is told of it
	w.until("QoS 0", func() bool { return len(w.stored()) == 2 })
	y, ack, err := w.young(&v5.Connect{UsernameFlag: true, Username: "ann"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := ack.Properties
	if *p.MaximumQoS != 1 || *p.MaximumPacketSize != mqtt.DefaultMaxPacket || *p.ReceiveMaximum != mqtt.DefaultMaxInflight || p.WildcardSubAvailable || p.SharedSubAvailable {
		t.Errorf("CONNACK says %+v", p)
	}
	puback, err := y.Publish(t.Context(), &v5.Publish{Topic: "rooms/3/temperature", QoS: 1, Payload: []byte("21"), Properties: &v5.PublishProperties{
		ContentType: "text/plain", ResponseTopic: "answers", User: v5.UserProperties{{Key: "traceparent", Value: "00-1"}, {Key: "mqtt-topic", Value: "forged"}},
	}})
	if err != nil || puback.ReasonCode != 0 {
		t.Fatal(puback, err)
	}
	h := func(name, value string) pelton.Header { return pelton.Header{Name: name, Value: value} }
	all := w.stored()
	for i, want := range []ingest.Message{
		{Key: []byte("rooms/1/temperature"), Payload: []byte("20"), Headers: []pelton.Header{h("mqtt-topic", "rooms/1/temperature"), h("mqtt-client", "old"), h("mqtt-qos", "1")}},
		{Key: []byte("rooms/2/temperature"), Headers: []pelton.Header{h("mqtt-topic", "rooms/2/temperature"), h("mqtt-client", "old"), h("mqtt-qos", "0"), h("mqtt-retain", "1")}},
		{Key: []byte("rooms/3/temperature"), Payload: []byte("21"), Headers: []pelton.Header{
			h("mqtt-topic", "rooms/3/temperature"), h("mqtt-client", "young"), h("mqtt-user", "ann"), h("mqtt-qos", "1"), h("Content-Type", "text/plain"),
			h("mqtt-response-topic", "answers"), h("traceparent", "00-1"), h("mqtt-topic", "forged"),
		}},
	} {
		if m := all[i]; string(m.Key) != string(want.Key) || string(m.Payload) != string(want.Payload) || !slices.Equal(m.Headers, want.Headers) {
			t.Errorf("message %d is %q %q %v\nwant %q %q %v", i, m.Key, m.Payload, m.Headers, want.Key, want.Payload, want.Headers)
		}
	}
}

// M1: no PUBACK before the message is durable, many messages on their way at once, and PUBACKs in their order.
func TestAckAfterDurable(t *testing.T) {
	w := start(t, mqtt.Options{Key: mqtt.KeyClient}, ingest.Options{})
	c, err := w.old(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.store.Hold()
	var tokens []v3.Token
	for n := range 50 {
		tokens = append(tokens, c.Publish("t", 1, false, fmt.Sprint(n)))
	}
	w.until("all are handed to the store", func() bool { return w.store.Stats().Queued >= 50 })
	for n, token := range tokens {
		select {
		case <-token.Done():
			t.Fatalf("message %d has its PUBACK, and is not durable", n)
		default:
		}
	}
	w.store.Release()
	for _, token := range tokens {
		if !token.WaitTimeout(patience) || token.Error() != nil {
			t.Fatal("no PUBACK:", token.Error())
		}
	}
	all := w.stored()
	for n, m := range all {
		if string(m.Payload) != fmt.Sprint(n) || string(m.Key) != "old" {
			t.Fatalf("message %d is %q", n, m.Payload)
		}
	}
	if len(all) != 50 {
		t.Errorf("%d messages", len(all))
	}
}

// A full queue withholds PUBACKs and reads no more of the client; when something is settled it goes on.
func TestFull(t *testing.T) {
	w := start(t, mqtt.Options{}, ingest.Options{MaxBytes: 10_000})
	c, err := w.old(nil)
	if err != nil {
		t.Fatal(err)
	}
	var tokens []v3.Token
	for range 30 {
		tokens = append(tokens, c.Publish("t", 1, false, strings.Repeat("x", 1000)))
	}
	w.until("the queue is full", func() bool { return w.queue.Stats().Waits > 0 })
	if n := len(w.stored()); n == 0 || n >= 10 {
		t.Errorf("%d messages of 1000 bytes in a queue of 10000", n)
	}
	select {
	case <-tokens[29].Done():
		t.Error("the last message has its PUBACK")
	default:
	}
	lanes, err := w.queue.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for settled := uint64(1); settled <= 30; settled++ {
		token := tokens[settled-1]
		if !token.WaitTimeout(patience) || token.Error() != nil {
			t.Fatalf("message %d: %v", settled, token.Error())
		}
		lanes[0].Settled(settled + 1)
	}
}

// A store that is full although it was not when it was asked, or that fails: no PUBACK, and the connection ends, so that the
// client sends it again.
func TestStoreRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		reason byte
	}{"full": {store.ErrFull, 0x97}, "fenced": {store.ErrFenced, 0x83}} {
		t.Run(name, func(t *testing.T) {
			w := start(t, mqtt.Options{}, ingest.Options{})
			y, _, err := w.young(nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			w.store.FailNext(c.err)
			ctx, cancel := context.WithCancel(t.Context())
			published := make(chan error, 1)
			go func() {
				_, err := y.Publish(ctx, &v5.Publish{Topic: "t", QoS: 1})
				published <- err
			}()
			if d := <-y.told; d.ReasonCode != c.reason {
				t.Errorf("DISCONNECT with %#x, want %#x", d.ReasonCode, c.reason)
			}
			cancel() // the client would wait for a PUBACK for as long as it has patience
			if err := <-published; err == nil {
				t.Error("a PUBACK")
			}
			if n := len(w.stored()); n != 0 || w.Figures().Dropped.Load() != 1 {
				t.Errorf("%d messages, %d dropped", n, w.Figures().Dropped.Load())
			}
		})
	}
}

// What is refused, and how each version is told.
func TestRefused(t *testing.T) {
	w := start(t, mqtt.Options{Topics: []string{"good"}}, ingest.Options{})
	o, err := w.old(func(o *v3.ClientOptions) { o.SetClientID("topic") })
	if err != nil {
		t.Fatal(err)
	}
	if err := publish(t, o, "bad", "x"); err == nil {
		t.Error("3.1.1: another topic is taken")
	}
	o, err = w.old(func(o *v3.ClientOptions) { o.SetClientID("subscribe") })
	if err != nil {
		t.Fatal(err)
	}
	token := o.Subscribe("good", 0, nil).(*v3.SubscribeToken)
	if !token.WaitTimeout(patience) || token.Result()["good"] != 0x80 {
		t.Errorf("3.1.1: SUBACK %v", token.Result())
	}
	if token := o.Publish("good", 2, false, "x"); !token.WaitTimeout(patience) || token.Error() == nil {
		t.Error("3.1.1: QoS 2 is taken")
	}
	y, _, err := w.young(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ack, err := y.Publish(t.Context(), &v5.Publish{Topic: "bad", QoS: 1}); err == nil || ack.ReasonCode != 0x87 {
		t.Errorf("5: another topic: %+v, %v", ack, err)
	}
	if ack, err := y.Subscribe(t.Context(), &v5.Subscribe{Subscriptions: []v5.SubscribeOptions{{Topic: "good"}}}); err == nil || ack.Reasons[0] != 0x87 {
		t.Errorf("5: SUBACK %+v, %v", ack, err)
	}
	if ack, err := y.Publish(t.Context(), &v5.Publish{Topic: "good", QoS: 1}); err != nil || ack.ReasonCode != 0 {
		t.Errorf("5: %+v, %v", ack, err)
	}
	if n := len(w.stored()); n != 1 || w.Figures().Denied.Load() != 5 {
		t.Errorf("%d messages, %d denied", n, w.Figures().Denied.Load())
	}
}

// A raw client of MQTT 5 that publishes with QoS 2 although CONNACK said 1 is told so.
func TestQoS2(t *testing.T) {
	w := start(t, mqtt.Options{}, ingest.Options{})
	c, err := net.Dial("tcp", w.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "\x10\x0e\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x01c")
	io.WriteString(c, "\x34\x07\x00\x01t\x00\x01\x00x")
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	if i := strings.LastIndex(string(answer), "\xe0"); i < 0 || len(answer) < i+3 || answer[i+2] != 0x9b {
		t.Errorf("answer %x", answer)
	}
	if n := len(w.stored()); n != 0 {
		t.Errorf("%d messages", n)
	}
}

// A message over MaxMessage is acknowledged and kept as a bad frame; a packet over MaxPacket ends its connection.
func TestTooLarge(t *testing.T) {
	w := start(t, mqtt.Options{MaxMessage: 100, MaxPacket: 1000}, ingest.Options{MaxMessage: 100})
	c, err := w.old(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := publish(t, c, "t", strings.Repeat("x", 500)); err != nil {
		t.Fatal(err)
	}
	if m := w.stored()[0]; m.Bad == nil || m.Bad.Length != 500 || len(m.Bad.SHA256) != 64 || len(m.Payload) != 100 || !strings.Contains(m.Bad.Reason, "max_message is 100") {
		t.Errorf("%+v", m)
	}
	if err := publish(t, c, "t", strings.Repeat("x", 2000)); err == nil {
		t.Error("a packet of 2000 bytes was taken")
	}
}

// The will of a client that went without a word is a message; that of a broker that closes is none.
func TestWill(t *testing.T) {
	w := start(t, mqtt.Options{Topics: []string{"gone"}}, ingest.Options{})
	for _, topic := range []string{"gone", "elsewhere"} {
		c, err := net.Dial("tcp", w.addr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "\x10%c\x00\x04MQTT\x04\x26\x00\x3c\x00\x01c\x00%c%s\x00\x03bye", 18+len(topic)+2, len(topic), topic)
		if _, err := io.ReadFull(c, make([]byte, 4)); err != nil { // CONNACK
			t.Fatal(err)
		}
		c.Close()
	}
	w.until("both wills", func() bool { return len(w.stored()) == 1 && w.Figures().Denied.Load() == 1 })
	m := w.stored()[0]
	if string(m.Payload) != "bye" || !slices.Contains(m.Headers, pelton.Header{Name: "mqtt-will", Value: "1"}) {
		t.Errorf("%q %v", m.Payload, m.Headers)
	}
}

// One client too many is told to come again later.
func TestMaxClients(t *testing.T) {
	w := start(t, mqtt.Options{MaxClients: 2}, ingest.Options{})
	for n := range 3 {
		_, err := w.old(func(o *v3.ClientOptions) { o.SetClientID(fmt.Sprint(n)) })
		if (err != nil) != (n == 2) {
			t.Errorf("client %d: %v", n, err)
		}
	}
	if _, ack, err := w.young(nil, nil); err == nil || ack.ReasonCode != 0x89 {
		t.Errorf("5: %+v, %v", ack, err)
	}
}

// Close tells clients, ends connections that never introduced themselves, and waits for nobody.
func TestClose(t *testing.T) {
	w := start(t, mqtt.Options{}, ingest.Options{MaxBytes: 1000})
	stranger, err := net.Dial("tcp", w.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	stuck, err := w.old(nil)
	if err != nil {
		t.Fatal(err)
	}
	token := stuck.Publish("t", 1, false, strings.Repeat("x", 800))
	if !token.WaitTimeout(patience) {
		t.Fatal("no PUBACK")
	}
	late := stuck.Publish("t", 1, false, strings.Repeat("x", 800))
	w.until("it waits for room", func() bool { return w.queue.Stats().Waits > 0 })
	y, _, err := w.young(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if d := <-y.told; d.ReasonCode != 0x8b {
		t.Errorf("DISCONNECT with %#x", d.ReasonCode)
	}
	if _, err := stranger.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !strings.Contains(fmt.Sprint(err), "reset") {
		t.Errorf("the stranger's connection: %v", err)
	}
	if !late.WaitTimeout(patience) || late.Error() == nil {
		t.Error("a message that was not taken has a PUBACK")
	}
	if n := len(w.stored()); n != 1 {
		t.Errorf("%d messages", n)
	}
}

// FuzzPackets: whatever a connection sends, the broker goes on.
func FuzzPackets(f *testing.F) {
	connect4, connect5 := "\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01c", "\x10\x0e\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x01c"
	for _, rest := range []string{
		"", "\x32\x06\x00\x01t\x00\x01x", "\x32\x07\x00\x01t\x00\x01\x00x", "\x34\x06\x00\x01t\x00\x01x", "\x82\x06\x00\x01\x00\x01t\x00",
		"\xc0\x00", "\xe0\x00", "\x32\xff\xff\xff\x7f", "\xf0\x00", "\x30\x03\x00\x05t", connect4,
	} {
		f.Add(connect4 + rest)
		f.Add(connect5 + rest)
		f.Add(rest)
	}
	l := pipes{silent: &silent{done: make(chan struct{})}, conns: make(chan net.Conn)}
	shared := serve(f, l, mqtt.Options{MaxPacket: 4096}, ingest.Options{MaxBytes: 1 << 40})
	f.Fuzz(func(t *testing.T, sent string) {
		w := *shared
		w.t = t
		c := l.dial()
		go func() {
			_, _ = io.WriteString(c, sent)
			c.Close()
		}()
		_, _ = io.Copy(io.Discard, c)
		o, err := w.old(func(o *v3.ClientOptions) {
			o.SetCustomOpenConnectionFn(func(*url.URL, v3.ClientOptions) (net.Conn, error) { return l.dial(), nil })
		})
		if err != nil {
			t.Fatal(err)
		}
		defer o.Disconnect(0)
		if err := publish(t, o, "after", "x"); err != nil {
			t.Fatal("the broker is gone:", err)
		}
		if n := w.Figures().Panics.Load(); n != 0 {
			t.Errorf("the broker panicked %d times, at last on %q", n, sent)
		}
	})
}

// pipes is a listener of connections within the process.
type pipes struct {
	*silent

	conns chan net.Conn
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.conns <- there
	return here
}
