//go:build kafka

package e2e

import (
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
)

// TestRealKafkaKill is TestKafkaKill on the cluster that PELTON_KAFKA names.
func TestRealKafkaKill(t *testing.T) {
	brokers := os.Getenv("PELTON_KAFKA")
	if brokers == "" {
		t.Fatal("PELTON_KAFKA is not set: the addresses of a cluster, HOST:PORT separated by commas")
	}
	name := "pelton-" + strings.ToLower(rand.Text())
	c := &cluster{t: t, brokers: strings.Split(brokers, ","), flights: name, late: name + "-late", group: name}
	c.connect()
	admin := kadm.NewClient(c.client)
	for topic, partitions := range map[string]int32{c.flights: 3, c.late: 1} {
		if _, err := admin.CreateTopic(limited(t), partitions, 1, nil, topic); err != nil {
			t.Fatal(err)
		}
	}
	c.fill()
	kafkaKill(t, c, 10, 1500)
}
