package adapter

import (
	"context"

	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/internal/natsconn"
	"github.com/peltonhq/pelton/sink"
	natssink "github.com/peltonhq/pelton/sink/nats"
	"github.com/peltonhq/pelton/source"
	natssource "github.com/peltonhq/pelton/source/nats"
)

func server(url string, a config.NATSAuth, t *config.TLS) natsconn.Options {
	o := natsconn.Options{URL: url, Auth: natsconn.Auth{
		CredentialsFile: a.CredentialsFile, NKeyFile: a.NKeyFile, TokenFile: a.TokenFile, User: a.User, PasswordFile: a.PasswordFile,
	}}
	if t != nil {
		o.TLS = &natsconn.TLS{CAFile: t.CAFile, CertFile: t.CertFile, KeyFile: t.KeyFile, Name: t.ServerName}
	}
	return o
}

// NATS makes the source of that name; it does not connect yet.
func NATS(name string, c *config.NATS) (source.Source, error) {
	key, err := natssource.ParseKey(c.Key)
	if err != nil {
		return nil, err
	}
	return natssource.New(natssource.Options{
		Name: name, Conn: server(c.URL, c.Auth, c.TLS), Stream: c.Stream, Subjects: c.Subjects, Durable: c.Durable,
		New: c.Deliver == config.DeliverNew, Key: key, MaxAckPending: c.MaxAckPending, MaxMessages: c.MaxMessages, MaxBytes: int(c.MaxBytes),
	}), nil
}

func sinkNATS(ctx context.Context, name string, c *config.SinkNATS) (sink.Sink, error) {
	subject, err := natssink.ParseSubject(c.Subject)
	if err != nil {
		return nil, err
	}
	return natssink.Open(ctx, natssink.Options{
		Name: name, Conn: server(c.URL, c.Auth, c.TLS), Subject: subject, Stream: c.Stream, Core: c.Mode == config.NATSCore,
		MaxPending: c.MaxPending, AckTimeout: c.AckTimeout.Std(),
	})
}
