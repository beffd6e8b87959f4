package follow

import (
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/peltonhq/pelton/bench/measure"
)

// contestant is a server and how it is followed.
type contestant struct {
	name    string
	open    func(context.Context) (server, string, error)
	dialect dialect
	peak    bool // also runs at full speed
}

const together = 20 * time.Millisecond

// The contestants that goals name.
const (
	ourSSE     = "Pelton, SSE"
	ourGRPC    = "Pelton, gRPC"
	ourSSE20   = "Pelton, SSE, coalesce 20 ms"
	ourGRPC20  = "Pelton, gRPC, coalesce 20 ms"
	theirs     = "centrifuge, WebSocket"
	leastOfAll = "net/http, one event and nothing more"
	ourShared  = "Pelton, SSE over HTTP/2 and TLS"
	leastTLS   = "net/http over HTTP/2 and TLS, one event and nothing more"
)

var contestants = []contestant{
	{ourSSE, over(byHTTP), overSSE(0), true},
	{ourGRPC, over(byGRPC), followRPC(0), true},
	{ourSSE20, over(byHTTP), overSSE(together), false},
	{ourGRPC20, over(byGRPC), followRPC(together), false},
	{ourShared, over(byHTTPS), shared(), true},
	{"Pelton, SSE, on disk before it is seen", onDisk, overSSE(0), false},
	{theirs, centrifugal(0), overWebSocket, true},
	{"centrifuge, WriteDelay 20 ms", centrifugal(together), overWebSocket, false},
	{"NATS core", natsCore, overNATS, true},
	{"grpc-go, a plain stream", plainGRPC, overHTTP2(plainMethod, wrapperspb.Bytes(nil), "hello"), true},
}

// quiet contestants are followed and given little.
var quiet = []contestant{
	contestants[0],
	{theirs, centrifugal(0), overWebSocket, false},
	{leastOfAll, floor(false), overSSE(0), false},
	contestants[4],
	{leastTLS, floor(true), shared(), false},
}

func find(name string) (contestant, bool) {
	all := slices.Concat(contestants, quiet)
	i := slices.IndexFunc(all, func(c contestant) bool { return c.name == name })
	if i < 0 {
		return contestant{}, false
	}
	return all[i], true
}

const text = `One session, %d followers, messages of 256 B of JSON, loopback. Each server is a process of its own, the followers are raw sockets in
the process that measures, with the same reader for all; processor time is the server's alone, user and system, without connecting.
Over HTTP/2 with TLS 100 followers share a connection.
Pelton's snapshots are in a store in memory but for one row, and go through the real session: committer, ring, feed. Whatever a follower
misses or is given twice is an error. The peers: %s (JSON, one subscription for each connection, by the server), %s
(core, no JetStream), %s.`

// rounds of a full run.
const rounds = 3

// Run measures and prints.
func Run(o *measure.Options) error {
	followers, idle := 1000, 20_000
	if o.Quick {
		followers, idle = 50, 200
	}
	o.Section("Followers", fmt.Sprintf(text, followers, measure.Module("github.com/centrifugal/centrifuge"),
		measure.Module("github.com/nats-io/nats-server/v2"), measure.Module("google.golang.org/grpc")))
	if err := paced(o, followers); err != nil {
		return err
	}
	if err := peak(o, followers); err != nil {
		return err
	}
	return resting(o, idle)
}

// figures of one contestant.
type figures struct{ rate, cpu, p50, p99 measure.Series }

// series runs contestants, one after the other, again and again.
func series(o *measure.Options, list []contestant, c course) (map[string]*figures, error) {
	all := map[string]*figures{}
	for round := range o.Rounds(rounds) {
		for _, who := range list {
			o.Tell("follow: round %d, %s", round+1, who.name)
			r, err := run(who, c)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", who.name, err)
			}
			f := all[who.name]
			if f == nil {
				f = new(figures)
				all[who.name] = f
			}
			f.rate = append(f.rate, r.deliveries/r.wall.Seconds())
			f.cpu = append(f.cpu, float64(r.cpu.Nanoseconds())/1e3/r.deliveries)
			f.p50 = append(f.p50, millis(measure.Percentile(r.latencies, 0.5)))
			f.p99 = append(f.p99, millis(measure.Percentile(r.latencies, 0.99)))
		}
	}
	return all, nil
}

func millis(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

// paced is a hundred messages a second.
func paced(o *measure.Options, followers int) error {
	all, err := series(o, contestants, course{followers: followers, span: o.Span(2 * time.Second), every: 10 * time.Millisecond})
	if err != nil {
		return err
	}
	o.Part(fmt.Sprintf("100 messages a second to %d", followers), "From made to received; the processors are shared with the followers.")
	t := measure.NewTable("", "CPU µs/delivery", "to centrifuge's", "p50 ms", "p99 ms")
	their := all[theirs]
	for _, who := range contestants {
		f := all[who.name]
		t.Row(who.name, f.cpu.String(), measure.Ratio(f.cpu, their.cpu), f.p50.String(), f.p99.String())
	}
	t.Write(o.Out)
	for i, name := range []string{ourSSE, ourGRPC, ourSSE20, ourGRPC20} {
		most := []float64{1, 1, 0.3, 0.3}[i]
		o.AtMost(fmt.Sprintf("Followers, %s: CPU per delivery to centrifuge's", name), all[name].cpu.Median()/their.cpu.Median(), most, "x")
	}
	figure := func(name string) string {
		return fmt.Sprintf("%s %s", name, measure.Number(all[name].cpu.Median()))
	}
	o.Brief(fmt.Sprintf("100 snapshots a second to %d followers: server's processor time of a delivery, µs", followers),
		figure(ourSSE), figure(ourSSE20), figure(theirs), figure("NATS core"), figure("grpc-go, a plain stream"))
	return nil
}

// peak is as fast as the slowest follower takes.
func peak(o *measure.Options, followers int) error {
	list := slices.DeleteFunc(slices.Clone(contestants), func(c contestant) bool { return !c.peak })
	all, err := series(o, list, course{followers: followers, span: o.Span(time.Second)})
	if err != nil {
		return err
	}
	o.Part("At full speed", fmt.Sprintf("The publisher is at most %d messages ahead of the slowest follower.", window))
	t := measure.NewTable("", "deliveries/s", "to centrifuge's", "CPU µs/delivery")
	for _, who := range list {
		f := all[who.name]
		t.Row(who.name, f.rate.String(), measure.Ratio(f.rate, all[theirs].rate), f.cpu.String())
	}
	t.Write(o.Out)
	for _, name := range []string{ourSSE, ourGRPC} {
		o.AtLeast(fmt.Sprintf("Followers, %s: peak deliveries to centrifuge's", name), all[name].rate.Median()/all[theirs].rate.Median(), 1.3, "x")
	}
	return nil
}
