package fanout

import (
	"context"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/bench/wheel"
	"github.com/peltonhq/pelton/decode"
)

// arenaSize holds about as many messages of 1 KiB as the peers have in flight.
const arenaSize = 4 << 20

// throughPelton is the real lane: its reader is the producer, and its loop tells it of the watermark.
func throughPelton(r *race) error {
	var modules []actor.Module
	for i := range r.handlers {
		modules = append(modules, native.Module("acker", func() native.Plugin { return &acker{r, i} }))
	}
	w, err := wheel.Open(wheel.Options{
		Modules: modules, Arena: arenaSize, Settled: r.settled(),
		Produce: func(ctx context.Context, d *decode.Decoder) error {
			return r.produce(func(seq uint64) error {
				return d.Message(ctx, decode.Record{Position: seq, Next: seq + 1, Payload: r.stamp(seq)})
			}, func() error { return d.Flush(ctx) })
		},
	})
	if err != nil {
		return err
	}
	return w.Close()
}

// settled takes watermarks.
func (r *race) settled() func(uint64) {
	told := uint64(0)
	return func(watermark uint64) {
		if len(r.until) > 0 && watermark > r.first {
			now := time.Now()
			for seq := max(told, r.first); seq < watermark; seq++ {
				r.until[seq-r.first] = now
			}
		}
		told = watermark
		r.told.Store(watermark)
		r.tell()
	}
}

// acker acks everything.
type acker struct {
	race  *race
	index int
}

func (a *acker) Init([]byte) ([]pelton.Output, error) { return nil, nil }

func (a *acker) Handle(m *native.Message, _ *native.Out) pelton.Verdict {
	a.race.handle(a.index, m.Payload())
	return pelton.Ack()
}
