package fanout

import (
	"context"
	"log/slog"

	hollywood "github.com/anthdm/hollywood/actor"
	proto "github.com/asynkron/protoactor-go/actor"
	goakt "github.com/tochemey/goakt/v3/actor"
	goaktlog "github.com/tochemey/goakt/v3/log"
	"google.golang.org/protobuf/types/known/wrapperspb"

	_ "github.com/peltonhq/pelton/bench/fanout/conflict" // before the peers
)

// Actor frameworks, with their default mailboxes; the window bounds what is in them. A message is acked through the
// producer's account, as cheaply as it can be: an actor does not answer with a message of its own.

// protoActor gives each message new memory, as its users do.
func protoActor(r *race) error {
	return protoactor(r, func(seq uint64) *message { return r.fresh(seq) })
}

// protoReused is protoactor with messages that are reused once all acked.
func protoReused(r *race) error {
	ring := make([]message, window)
	for i := range ring {
		ring[i].payload = make([]byte, r.size)
	}
	return protoactor(r, func(seq uint64) *message {
		m := &ring[seq%window]
		copy(m.payload, r.stamp(seq))
		return m
	})
}

func protoactor(r *race, next func(seq uint64) *message) error {
	quiet := func(*proto.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }
	system := proto.NewActorSystem(proto.WithLoggerFactory(quiet))
	defer system.Shutdown()
	var all []*proto.PID
	for i := range r.handlers {
		pid := system.Root.Spawn(proto.PropsFromFunc(func(c proto.Context) {
			if m, ok := c.Message().(*message); ok {
				r.ack(r.handle(i, m.payload))
			}
		}))
		all = append(all, pid)
	}
	defer func() {
		for _, pid := range all {
			_ = system.Root.StopFuture(pid).Wait()
		}
	}()
	return r.produce(func(seq uint64) error {
		r.admit(seq)
		m := next(seq)
		for _, pid := range all {
			system.Root.Send(pid, m)
		}
		return nil
	}, nothing)
}

func hollywoodEngine(r *race) error {
	engine, err := hollywood.NewEngine(hollywood.NewEngineConfig())
	if err != nil {
		return err
	}
	var all []*hollywood.PID
	for i := range r.handlers {
		all = append(all, engine.SpawnFunc(func(c *hollywood.Context) {
			if m, ok := c.Message().(*message); ok {
				r.ack(r.handle(i, m.payload))
			}
		}, "handler"))
	}
	defer func() {
		for _, pid := range all {
			<-engine.Poison(pid).Done()
		}
	}()
	return r.produce(func(seq uint64) error {
		r.admit(seq)
		m := r.fresh(seq)
		for _, pid := range all {
			engine.Send(pid, m)
		}
		return nil
	}, nothing)
}

// receiver is an actor of goakt, which takes messages of protobuf.
type receiver struct {
	race  *race
	index int
}

func (*receiver) PreStart(context.Context) error { return nil }

func (*receiver) PostStop(context.Context) error { return nil }

func (a *receiver) Receive(c *goakt.ReceiveContext) {
	if m, ok := c.Message().(*wrapperspb.BytesValue); ok {
		a.race.ack(a.race.handle(a.index, m.GetValue()))
	}
}

func goaktSystem(r *race) (err error) {
	ctx := context.Background()
	system, err := goakt.NewActorSystem("bench", goakt.WithLogger(goaktlog.DiscardLogger), goakt.WithPassivationDisabled())
	if err != nil {
		return err
	}
	if err := system.Start(ctx); err != nil {
		return err
	}
	defer func() {
		if e := system.Stop(ctx); err == nil {
			err = e
		}
	}()
	var all []*goakt.PID
	for i := range r.handlers {
		pid, err := system.Spawn(ctx, string(rune('a'+i)), &receiver{r, i}, goakt.WithLongLived())
		if err != nil {
			return err
		}
		all = append(all, pid)
	}
	return r.produce(func(seq uint64) error {
		r.admit(seq)
		m := wrapperspb.Bytes(r.fresh(seq).payload)
		for _, pid := range all {
			if err := goakt.Tell(ctx, pid, m); err != nil {
				return err
			}
		}
		return nil
	}, nothing)
}
