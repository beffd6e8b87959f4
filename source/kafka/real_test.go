//go:build kafka

package kafka

import (
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/source/sourcetest"
)

// newReal is a topic of its own in the cluster that PELTON_KAFKA names.
func newReal(t *testing.T, partitions int32) *cluster {
	t.Helper()
	brokers := os.Getenv("PELTON_KAFKA")
	if brokers == "" {
		t.Fatal("PELTON_KAFKA is not set: the addresses of a cluster, HOST:PORT separated by commas")
	}
	name := "pelton-" + strings.ToLower(rand.Text())
	c := &cluster{brokers: strings.Split(brokers, ","), topic: name, group: name}
	c.connect(t)
	admin := kadm.NewClient(c.client)
	if _, err := admin.CreateTopic(t.Context(), partitions, 1, nil, c.topic); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRealKit(t *testing.T) {
	clusters := map[*testing.T]*cluster{}
	sourcetest.Run(t, sourcetest.Kit{
		Open: func(t *testing.T) source.Source {
			c, ok := clusters[t]
			if !ok {
				c = newReal(t, 1)
				content(t, c)
				clusters[t] = c
			}
			return c.open(t)
		},
		Decode: decode.Config{Format: decode.JSON}, Want: wanted, Real: true,
	})
}

func TestRealRebalance(t *testing.T) { rebalance(t, newReal(t, 2)) }
func TestRealLate(t *testing.T)      { late(t, newReal(t, 2)) }
func TestRealDrain(t *testing.T)     { drain(t, newReal(t, 1)) }
func TestRealLatest(t *testing.T)    { latest(t, newReal(t, 1)) }
