package native_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/actortest"
	"github.com/peltonhq/pelton/actor/native"
)

// sleeper takes as long as the payload says.
type sleeper struct{ acker }

func (sleeper) Handle(m *native.Message, _ *native.Out) pelton.Verdict {
	d, err := time.ParseDuration(string(m.Payload()))
	if err != nil {
		return pelton.Dead(err.Error())
	}
	time.Sleep(d)
	return pelton.Ack()
}

// A native plugin is judged by the clock, so generously: a delivery is a timeout after 10 times limits.time, at least
// limits.time and 2 s, or up to a quarter later. Many slow ones in a turn are in order.
func TestSlow(t *testing.T) {
	cases := map[string]struct {
		limit time.Duration
		each  time.Duration
		fault bool
	}{
		"in time":              {100 * time.Millisecond, 10 * time.Millisecond, false},
		"late":                 {100 * time.Millisecond, 2 * time.Second, false},
		"too late":             {100 * time.Millisecond, 2700 * time.Millisecond, true},
		"late for a second":    {time.Second, 9 * time.Second, false},
		"too late for that":    {time.Second, 13 * time.Second, true},
		"stuck, then too late": {time.Second, time.Minute, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				env := actor.Env{Limits: actor.Limits{Time: int64(c.limit)}}
				p, err := actor.Open(t.Context(), actor.Options{Env: env},
					actor.Version{Revision: 1, Module: native.Module("sleeper", func() native.Plugin { return sleeper{} })})
				if err != nil {
					t.Fatal(err)
				}
				const turns, size = 16, 64
				for n := range turns {
					payloads := make([]string, size)
					for i := range payloads {
						payloads[i] = "0s"
						if !c.fault || i == n {
							payloads[i] = c.each.String()
						}
					}
					turn, done := actortest.Turn(payloads...), make(chan struct{})
					turn.Reply = func(*actor.Turn) { close(done) }
					p.Offer(0, turn)
					<-done
					for i := range turn.Outcomes {
						if f := turn.Outcomes[i].Fault; (f != nil) != (c.fault && i == n) || f != nil && f.Kind != actor.FaultTimeout {
							t.Errorf("delivery %d of turn %d: %v", i, n, f)
						}
					}
				}
				if s := p.Stats(); !c.fault && s.Restarts+s.Late+s.Faults.Total() != 0 {
					t.Errorf("%+v", s)
				}
				if err := p.Close(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
