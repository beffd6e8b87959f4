package feed

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/peltonhq/pelton/engine/adapter"
	"github.com/peltonhq/pelton/engine/class"
	"github.com/peltonhq/pelton/engine/door"
	"github.com/peltonhq/pelton/source/ingest"
	"github.com/peltonhq/pelton/source/mqtt"
)

// openQueue opens the durable queue before a source.
func (f *Feed) openQueue(ctx context.Context, finite bool) (err error) {
	c := f.wheel.Ingest
	f.queue, err = ingest.Open(ctx, ingest.Options{
		Name: f.Name, Store: f.wheel.Store, MaxBytes: int64(c.MaxBytes), MaxAge: c.MaxAge.Std(), MaxMessage: int64(f.wheel.Arena.MaxMessage),
		MaxIDs: c.MaxKeys, IDAge: c.KeyAge.Std(), Finite: finite,
	})
	return err
}

// openBroker opens an MQTT source.
func (f *Feed) openBroker(ctx context.Context) error {
	c := f.c.MQTT
	o, err := adapter.Secrets(c)
	if err != nil {
		return err
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("mqtt.listen %q: want HOST:PORT, for example 127.0.0.1:1883", c.Listen)
	}
	if !door.Loopback(c.Listen) && !o.Safe() && !f.wheel.Public {
		return fmt.Errorf("mqtt.listen %s is not a loopback address: it needs tls, and password_file or tls.client_ca_file", c.Listen)
	}
	if err := f.openQueue(ctx, false); err != nil {
		return err
	}
	if o.Listener, err = door.Listen(ctx, "sources."+f.Name+".mqtt.listen", c.Listen); err != nil {
		return errors.Join(class.Environment(err), f.queue.Close())
	}
	o.Queue, o.Topics, o.Key, o.MaxMessage = f.queue, c.Topics, mqtt.Key(c.Key), int64(f.wheel.Arena.MaxMessage)
	o.MaxPacket, o.MaxClients, o.MaxInflight = int64(c.MaxPacket), c.MaxClients, c.MaxInflight
	f.broker = mqtt.New(o)
	f.source = f.broker
	f.wheel.Accept(f.Name, f.broker.Addr().String())
	return nil
}
