//go:build kafka

package kafka

import (
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/peltonhq/pelton/internal/kafka"
	"github.com/peltonhq/pelton/sink/sinktest"
)

// newReal is a topic of its own in the cluster that PELTON_KAFKA names. It refuses what is over 50 kB, which is less than
// the sink's own limit: one record takes its batch with it.
func newReal(t *testing.T) *place {
	t.Helper()
	brokers := os.Getenv("PELTON_KAFKA")
	if brokers == "" {
		t.Fatal("PELTON_KAFKA is not set: the addresses of a cluster, HOST:PORT separated by commas")
	}
	p := &place{t: t, topic: "pelton-" + strings.ToLower(rand.Text()), access: kafka.Access{Brokers: strings.Split(brokers, ",")}}
	var err error
	if p.client, err = kgo.NewClient(kgo.SeedBrokers(p.access.Brokers...)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.client.Close)
	most := "50000"
	if _, err := kadm.NewClient(p.client).CreateTopic(t.Context(), 1, 1, map[string]*string{"max.message.bytes": &most}, p.topic); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRealKit(t *testing.T) {
	for name, size := range map[string]int{"over the sink's limit": 200_000, "over the topic's limit": 70_000} {
		t.Run(name, func(t *testing.T) {
			sinktest.Run(t, func(t *testing.T) sinktest.Kit {
				p := newReal(t)
				return sinktest.Kit{Open: p.open, Lines: p.lines, Rejects: make([]byte, size), Repeats: true, Real: true}
			})
		})
	}
}
