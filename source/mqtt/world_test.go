package mqtt_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	v3 "github.com/eclipse/paho.mqtt.golang"
	"go.uber.org/goleak"

	v5 "github.com/eclipse/paho.golang/paho"

	"github.com/peltonhq/pelton/source/ingest"
	"github.com/peltonhq/pelton/source/mqtt"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what should come at once: it is for a hang, and no result depends on it.
const patience = time.Minute

// world is a source that listens, over a store of its own.
type world struct {
	*mqtt.Source
	t     testing.TB
	queue *ingest.Queue
	store *memory.Store
	addr  string
}

func start(t testing.TB, o mqtt.Options, q ingest.Options) *world {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, l, o, q)
}

func serve(t testing.TB, l net.Listener, o mqtt.Options, q ingest.Options) *world {
	t.Helper()
	w := &world{t: t, store: memory.New()}
	q.Name, q.Store = "sensors", w.store
	queue, err := ingest.Open(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	o.Queue, o.Listener = queue, l
	w.queue, w.Source, w.addr = queue, mqtt.New(o), l.Addr().String()
	if _, err := w.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(w.Close(), w.store.Close()); err != nil {
			t.Error(err)
		}
	})
	return w
}

// stored are the messages in the queue.
func (w *world) stored() (all []ingest.Message) {
	w.t.Helper()
	for m, err := range w.queue.Messages() {
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// until waits for something that no client is told of.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	for !holds() {
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			w.t.Fatalf("%s: did not come", what)
		}
	}
}

// old is a client of MQTT 3.1.1.
func (w *world) old(change func(*v3.ClientOptions)) (v3.Client, error) {
	w.t.Helper()
	o := v3.NewClientOptions().AddBroker("tcp://" + w.addr).SetClientID("old").SetProtocolVersion(4).SetAutoReconnect(false).SetConnectRetry(false)
	if change != nil {
		change(o)
	}
	c := v3.NewClient(o)
	t := c.Connect()
	if !t.WaitTimeout(patience) {
		w.t.Fatal("no CONNACK")
	}
	w.t.Cleanup(func() { c.Disconnect(0) })
	return c, t.Error()
}

// young is a client of MQTT 5.
type young struct {
	*v5.Client
	told chan *v5.Disconnect
}

func (w *world) young(connect *v5.Connect, config *tls.Config) (young, *v5.Connack, error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	conn, err := net.Dial("tcp", w.addr)
	if err != nil {
		w.t.Fatal(err)
	}
	if config != nil {
		conn = tls.Client(conn, config)
	}
	y := young{told: make(chan *v5.Disconnect, 1)}
	y.Client = v5.NewClient(v5.ClientConfig{Conn: conn, PacketTimeout: patience, OnServerDisconnect: func(d *v5.Disconnect) { y.told <- d }})
	if connect == nil {
		connect = &v5.Connect{}
	}
	connect.CleanStart = true
	if connect.ClientID == "" {
		connect.ClientID = "young"
	}
	ack, err := y.Connect(ctx, connect)
	w.t.Cleanup(func() {
		_ = y.Disconnect(&v5.Disconnect{})
		conn.Close()
	})
	return y, ack, err
}

// publish publishes with QoS 1 and waits for the PUBACK.
func publish(t testing.TB, c v3.Client, topic, payload string) error {
	t.Helper()
	token := c.Publish(topic, 1, false, payload)
	if !token.WaitTimeout(patience) {
		t.Fatal("no PUBACK")
	}
	return token.Error()
}

// content is what the queue has in the store.
func content(t *testing.T, s *memory.Store) (all []store.Record) {
	t.Helper()
	for e, err := range s.Scan([]byte{store.SpaceIngest}, []byte{store.SpaceIngest + 1}, store.ScanOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, store.Record{Op: store.Put, Key: e.Key, Value: e.Value})
	}
	return all
}
