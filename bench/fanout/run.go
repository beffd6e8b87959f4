package fanout

import (
	"fmt"
	"time"

	"github.com/peltonhq/pelton/bench/measure"
)

var contestants = []contestant{
	{"Pelton", itself, throughPelton},
	{"Watermill GoChannel", watermillKind, watermillWindow},
	{"Watermill GoChannel, blocking", watermillKind, watermillBlock},
	{"NATS core in process", other, natsCore},
	{"goakt", actorKind, goaktSystem},
	{"Hollywood", actorKind, hollywoodEngine},
	{"protoactor", actorKind, protoActor},
	{"protoactor, messages reused", other, protoReused}, // not how its users send
	{"channel, new []byte each", other, channels},
	{"channel, pool + count", other, pooled},
	{"channel of batches of 64", limit, batched},
}

// kind is what a target compares with.
type kind int

const (
	other kind = iota
	itself
	watermillKind
	actorKind
	limit
)

const text = `One producer, every message to all handlers, all of them ack, and the producer is told when all have. Pelton runs its
real loop with a store in memory: reader, ring, arena of 4 MiB, mailboxes, verdicts, watermark; a message counts as told when the
watermark that covers it is durable. The peers have at most 1,024 messages in flight and count acks by one atomic each. Every
contestant copies each message's bytes once, and every handler reads the first 8 bytes and the last one; who loses or repeats a
message is an error.`

// Run measures and prints.
func Run(o *measure.Options) error {
	o.Section("W1 fan-out", text)
	for _, size := range []int{256, 1 << 10, 16 << 10} {
		for _, handlers := range []int{1, 4, 16} {
			if err := throughput(o, size, handlers); err != nil {
				return err
			}
		}
	}
	return latency(o)
}

type figures struct{ rate, cpu, allocs, p50, p99 measure.Series }

// rounds runs all contestants, one after the other, again and again.
func rounds(contestants []contestant, c course, n int) ([]figures, error) {
	all := make([]figures, len(contestants))
	for range n {
		for i, who := range contestants {
			r, err := run(who, c)
			if err != nil {
				return nil, err
			}
			f, n := &all[i], r.deliveries(c.handlers)
			f.rate = append(f.rate, n/r.Wall.Seconds())
			f.cpu = append(f.cpu, float64(r.CPU.Nanoseconds())/n)
			f.allocs = append(f.allocs, float64(r.Allocs)/float64(r.messages))
			if len(r.latencies) > 0 {
				f.p50 = append(f.p50, micros(r.latencies, 0.5))
				f.p99 = append(f.p99, micros(r.latencies, 0.99))
			}
		}
	}
	return all, nil
}

func micros(sorted []time.Duration, q float64) float64 {
	return float64(measure.Percentile(sorted, q).Nanoseconds()) / 1e3
}

func throughput(o *measure.Options, size, handlers int) error {
	o.Tell("W1: %d bytes to %d", size, handlers)
	all, err := rounds(contestants, course{handlers: handlers, size: size, span: o.Span(150 * time.Millisecond)}, o.Rounds(5))
	if err != nil {
		return err
	}
	o.Part(fmt.Sprintf("%d bytes to %d", size, handlers), "")
	t := measure.NewTable("", "deliveries/s", "CPU ns/delivery", "allocs/message", "Pelton's rate to its", "its CPU to Pelton's")
	for i, who := range contestants {
		f := &all[i]
		t.Row(who.name, f.rate.String(), f.cpu.String(), fmt.Sprintf("%.1f", f.allocs.Median()), measure.Ratio(all[0].rate, f.rate), measure.Ratio(f.cpu, all[0].cpu))
	}
	t.Write(o.Out)
	goals(o, all, size, handlers)
	return nil
}

// best is the figures with the highest rate of a kind, and whose they are.
func best(all []figures, k kind) (f *figures, name string) {
	f = &figures{}
	for i, who := range contestants {
		if who.kind == k && (f.rate == nil || all[i].rate.Median() > f.rate.Median()) {
			f, name = &all[i], who.name
		}
	}
	return f, name
}

// goals compares the medians of one cell with what was aimed at.
func goals(o *measure.Options, all []figures, size, handlers int) {
	pelton, _ := best(all, itself)
	actors, name := best(all, actorKind)
	watermill, _ := best(all, watermillKind)
	batches, _ := best(all, limit)
	cell := fmt.Sprintf("W1, %s to %d: ", measure.Bytes(size), handlers)
	rate := pelton.rate.Median()
	o.AtLeast(cell+"rate to the best actor framework's ("+name+")", rate/actors.rate.Median(), 3, "x")
	o.AtLeast(cell+"rate to Watermill's", rate/watermill.rate.Median(), 30, "x")
	o.AtLeast(cell+"rate to the batched channels'", rate/batches.rate.Median(), 0.25, "x")
	o.AtMost(cell+"CPU per delivery to "+name+"'s", pelton.cpu.Median()/actors.cpu.Median(), 0.25, "x")
	o.AtMost(cell+"allocations per message", pelton.allocs.Median(), 0.005, "") // the collector's own, now and then
	if size == 1<<10 && handlers == 4 {
		figure := func(name string, f *figures) string {
			return fmt.Sprintf("%s %s (%s ns)", name, measure.Number(f.rate.Median()), measure.Number(f.cpu.Median()))
		}
		o.Brief("1 KiB to 4 plugins in Go that ack: deliveries per second (processor's time of each)",
			figure("**Pelton**", pelton), figure(name, actors), figure("Watermill", watermill), figure("Go channels, batches of 64", batches))
	}
}

func latency(o *measure.Options) error {
	const rate = 20_000
	o.Tell("W1: latency")
	all, err := rounds(contestants, course{handlers: 4, size: 1 << 10, span: o.Span(500 * time.Millisecond), rate: rate}, o.Rounds(5))
	if err != nil {
		return err
	}
	o.Part("From produced to told, 1,024 bytes to 4, 20,000 messages per second", "Microseconds; the producer waits for its next message on a processor that it yields, so that nobody pays for waking one.")
	o.AtMost("W1, from produced to acked, p50", all[0].p50.Median(), 5, " µs")
	t := measure.NewTable("", "p50 µs", "p99 µs", "CPU µs/message")
	for i, who := range contestants {
		f := &all[i]
		for j := range f.cpu {
			f.cpu[j] *= 4.0 / 1e3
		}
		t.Row(who.name, f.p50.String(), f.p99.String(), f.cpu.String())
	}
	t.Write(o.Out)
	return nil
}

// Same runs Pelton against itself: how much two equal contestants differ on this machine now.
func Same(o *measure.Options) error {
	o.Section("A/A", "Pelton twice, as two contestants of W1: 1,024 bytes to 4. How far they are apart is noise, and so is any ratio as small.")
	o.Tell("A/A")
	pelton := contestants[0]
	all, err := rounds([]contestant{pelton, pelton}, course{handlers: 4, size: 1 << 10, span: o.Span(300 * time.Millisecond)}, o.Rounds(8))
	if err != nil {
		return err
	}
	t := measure.NewTable("", "deliveries/s", "CPU ns/delivery", "rate to the first's", "CPU to the first's")
	for i, name := range []string{"Pelton", "Pelton again"} {
		f := &all[i]
		t.Row(name, f.rate.String(), f.cpu.String(), measure.Ratio(f.rate, all[0].rate), measure.Ratio(f.cpu, all[0].cpu))
	}
	t.Write(o.Out)
	return nil
}
