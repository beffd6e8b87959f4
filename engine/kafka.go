package engine

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/peltonhq/pelton/engine/config"
	access "github.com/peltonhq/pelton/internal/kafka"
	sinks "github.com/peltonhq/pelton/sink/kafka"
	"github.com/peltonhq/pelton/source/kafka"
	"github.com/peltonhq/pelton/store"
)

// openKafka makes a source that reads a cluster; it does not connect yet.
func (w *wheel) openKafka(ctx context.Context, f *feed) (*kafka.Source, error) {
	c := f.c.Kafka
	instance, err := w.instance(ctx)
	if err != nil {
		return nil, err
	}
	return kafka.New(kafka.Options{
		Name: f.name, Access: accessOf(c.Brokers, c.TLS, c.SASL), Topics: c.Topics, Group: c.Group, Latest: c.Start == config.KafkaLatest,
		Fetch: kafka.Fetch{
			MaxBytes: int32(c.Fetch.MaxBytes), PartitionBytes: int32(c.Fetch.PartitionBytes), Buffer: int64(c.Fetch.Buffer), BatchBytes: int32(c.Fetch.BatchBytes),
			Wait: c.Fetch.Wait.Std(),
		},
		Instance: instance + "-" + f.name, Commit: c.Commit.Std(), Drain: c.Drain.Std(), KeyField: f.c.Decode.Key != "",
	})
}

// instance is the random name of this wheel, which is kept in its store.
func (w *wheel) instance(ctx context.Context) (string, error) {
	made := rand.Text()
	if w.store == nil { // a check
		return made, nil
	}
	key := store.Key(store.SpaceMeta, "wheel")
	value, err := w.store.Get(key)
	if err == nil {
		return string(value), nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	token, err := w.store.Claim(ctx, "wheel")
	if err != nil {
		return "", err
	}
	_, err = w.store.Append(ctx, token, []store.Record{{Op: store.Put, Key: key, Value: []byte(made)}})
	return made, err
}

func openSinkKafka(c *config.SinkKafka) (*sinks.Sink, error) {
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
