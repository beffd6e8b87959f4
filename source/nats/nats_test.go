package nats

import (
	"fmt"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/internal/natsconn"
	"github.com/peltonhq/pelton/internal/natstest"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/source/sourcetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// orders is a stream of a server, with messages.
func orders(t *testing.T, c jetstream.StreamConfig, payloads ...string) (*natstest.Server, Options) {
	t.Helper()
	s := natstest.Start(t)
	c.Name, c.Subjects = "ORDERS", []string{"orders.>"}
	s.Stream(t, c)
	s.Publish(t, "orders.eu", payloads...)
	return s, Options{Name: "orders", Conn: natsconn.Options{URL: s.URL()}, Stream: "ORDERS", Durable: "pelton"}
}

func TestConformance(t *testing.T) {
	for name, c := range map[string]struct {
		stream jetstream.StreamConfig
		change func(*Options)
	}{
		"limits":             {},
		"limits, old server": {change: func(o *Options) { o.noReset = true }},
		"interest":           {stream: jetstream.StreamConfig{Retention: jetstream.InterestPolicy}},
		"few at once, filter": {change: func(o *Options) {
			o.MaxMessages, o.MaxAckPending, o.Subjects = 2, 100, []string{"orders.eu", "orders.us"}
		}},
		"work queue": {stream: jetstream.StreamConfig{Retention: jetstream.WorkQueuePolicy}},
		"work queue, old server": {
			stream: jetstream.StreamConfig{Retention: jetstream.WorkQueuePolicy}, change: func(o *Options) { o.noReset = true },
		},
	} {
		t.Run(name, func(t *testing.T) {
			var want, sent []string
			for i := range 12 {
				text := fmt.Sprintf(`{"n":%d}`, i)
				sent = append(sent, text)
				if i%6 == 4 {
					sent[i], text = "no JSON", sourcetest.Bad
				}
				want = append(want, text)
			}
			places := map[string]*natstest.Server{}
			sourcetest.Run(t, sourcetest.Kit{
				Real: true,
				Open: func(t *testing.T) source.Source {
					s := places[t.Name()]
					if s == nil {
						s = natstest.Start(t)
						places[t.Name()] = s
						stream := c.stream
						stream.Name, stream.Subjects = "ORDERS", []string{"orders.>"}
						s.Stream(t, stream)
						if stream.Retention == jetstream.InterestPolicy { // else the messages are gone before anybody reads
							other := jetstream.ConsumerConfig{Durable: "other", AckPolicy: jetstream.AckExplicitPolicy}
							if _, err := s.JetStream(t).CreateConsumer(t.Context(), "ORDERS", other); err != nil {
								t.Fatal(err)
							}
						}
						s.Publish(t, "orders.eu", sent...)
					}
					o := Options{Name: "orders", Conn: natsconn.Options{URL: s.URL()}, Stream: "ORDERS", Durable: "pelton"}
					if c.change != nil {
						c.change(&o)
					}
					return New(o)
				},
				Decode: decode.Config{Format: decode.JSON},
				Want:   want,
				Break:  func(t *testing.T) { places[t.Name()].Restart(t) },
			})
		})
	}
}
