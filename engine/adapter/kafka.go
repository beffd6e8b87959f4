package adapter

import (
	"github.com/peltonhq/pelton/engine/config"
	access "github.com/peltonhq/pelton/internal/kafka"
	sinks "github.com/peltonhq/pelton/sink/kafka"
	sources "github.com/peltonhq/pelton/source/kafka"
)

// Kafka makes the source of that name; it does not connect yet. instance is the wheel's name in the group.
func Kafka(name string, s config.Source, instance string) (*sources.Source, error) {
	c := s.Kafka
	return sources.New(sources.Options{
		Name: name, Access: accessOf(c.Brokers, c.TLS, c.SASL), Topics: c.Topics, Group: c.Group, Latest: c.Start == config.KafkaLatest,
		Fetch: sources.Fetch{
			MaxBytes: int32(c.Fetch.MaxBytes), PartitionBytes: int32(c.Fetch.PartitionBytes), Buffer: int64(c.Fetch.Buffer),
			BatchBytes: int32(c.Fetch.BatchBytes), Wait: c.Fetch.Wait.Std(),
		},
		Instance: instance, Commit: c.Commit.Std(), Drain: c.Drain.Std(), KeyField: s.Decode.Key != "",
	})
}

func sinkKafka(c *config.SinkKafka) (*sinks.Sink, error) {
	return sinks.Open(sinks.Options{
		Access: accessOf(c.Brokers, c.TLS, c.SASL), Topic: c.Topic, Compression: sinks.Compression(c.Compression),
		MaxMessage: int64(c.MaxMessage), Timeout: c.Timeout.Std(),
	})
}

func accessOf(brokers []string, t *config.TLS, s *config.SASL) access.Access {
	a := access.Access{Brokers: brokers}
	if t != nil {
		a.TLS = &access.TLS{CAFile: t.CAFile, CertFile: t.CertFile, KeyFile: t.KeyFile, ServerName: t.ServerName}
	}
	if s != nil {
		a.SASL = &access.SASL{Mechanism: string(s.Mechanism), User: s.User, PasswordFile: s.PasswordFile}
	}
	return a
}
