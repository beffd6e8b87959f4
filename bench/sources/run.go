package sources

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/peltonhq/pelton/bench/measure"
)

const text = `%s messages of %s with %s keys, from each source to a session name (%s), the last row with another key in each message: the whole
process with an empty store and fsync before every acknowledgement, from its start to the last durable snapshot. Beside it what
the plain client takes that reads the same messages, acknowledges them likewise and only counts them: it is no durable system, but
as fast as this client and broker go. NATS has two: one acknowledges a run of %d messages at once, as the source does, the other, "each acknowledged", every message
by itself, as most clients are written; Kafka's commits offsets either way. "By hand" is the first client with the least that makes its messages durable: it numbers each key's messages
and puts them into Pebble with an fsync before it acknowledges, without marks against repetition and without a log to follow. The brokers run in the process that measures and have the messages before; NATS has file storage, Kafka is
kfake with %d partitions, HTTP comes in %d requests at a time of %s lines each.`

// rounds of a full run.
const rounds = 3

// Run measures and prints.
func Run(o *measure.Options) (err error) {
	ctx := context.Background()
	messages, many := 500_000, 1_000_000
	if o.Quick {
		messages, many = 10_000, 20_000
	}
	o.Tell("sources: building")
	program, err := build(ctx, o)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(o.Dir, "sources-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	keys := messages / 50
	list, err := all(ctx, dir, messages, keys)
	defer func() { err = errors.Join(err, shut(list)) }()
	if err != nil {
		return err
	}
	wide, err := newLoad(dir, many, many)
	if err != nil {
		return err
	}
	list = append(list, fromFile(fmt.Sprintf("file, %s sessions", measure.Number(float64(many))), wide))
	o.Section("Sources to sessions", fmt.Sprintf(text, measure.Number(float64(messages)), measure.Bytes(size), measure.Number(float64(keys)),
		measure.FileSystem(o.Dir), run, partitions, posters, measure.Number(posted)))
	got := make([]figures, len(list))
	for round := range o.Rounds(rounds) {
		for i, s := range list {
			if s.load == wide && round > 0 { // it takes as long as all others together
				continue
			}
			o.Tell("sources: round %d, %s", round+1, s.name)
			if err := got[i].add(ctx, s, program, dir, round); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	table(list, got).Write(o.Out)
	goals(o, list, got)
	return nil
}

// all opens the sources and puts the messages into them; who opened some has to shut them, whatever the error.
func all(ctx context.Context, dir string, messages, keys int) (list []*side, err error) {
	l, err := newLoad(dir, messages, keys)
	if err != nil {
		return nil, err
	}
	list = append(list, fromFile("file", l), fromHTTP(l))
	n, err := fromNATS(ctx, dir, l)
	if err != nil {
		return list, fmt.Errorf("nats: %w", err)
	}
	list = append(list, n)
	k, err := fromKafka(ctx, l)
	if err != nil {
		return list, fmt.Errorf("kafka: %w", err)
	}
	return append(list, k), nil
}

func shut(list []*side) (err error) {
	for _, s := range list {
		err = errors.Join(err, s.close())
	}
	return err
}

// figures of a source.
type figures struct{ rate, cpu, peak, raw, rawCPU, each, hand measure.Series }

// add runs wheel and client once.
func (f *figures) add(ctx context.Context, s *side, program, dir string, round int) error {
	n := float64(s.load.messages)
	c, err := s.wheelOnce(ctx, program, dir, round)
	if err != nil {
		return err
	}
	u, err := s.clientOnce(ctx, s.raw, round)
	if err != nil {
		return fmt.Errorf("%s: %w", s.client, err)
	}
	f.rate = append(f.rate, n/c.wall.Seconds())
	f.cpu = append(f.cpu, float64(c.cpu.Microseconds())/n)
	f.peak = append(f.peak, float64(c.peak)/1e6)
	f.raw = append(f.raw, n/u.Wall.Seconds())
	f.rawCPU = append(f.rawCPU, float64(u.CPU.Microseconds())/n)
	if s.each != nil {
		if u, err = s.clientOnce(ctx, s.each, round); err != nil {
			return fmt.Errorf("%s, each acknowledged: %w", s.client, err)
		}
		f.each = append(f.each, n/u.Wall.Seconds())
	}
	if s.hand == nil {
		return nil
	}
	if u, err = s.handOnce(ctx, dir, round); err != nil {
		return fmt.Errorf("%s by hand: %w", s.client, err)
	}
	f.hand = append(f.hand, n/u.Wall.Seconds())
	return nil
}

func table(list []*side, got []figures) *measure.Table {
	t := measure.NewTable("", "snapshots/s", "CPU µs a message", "peak MB", "plain client", "its messages/s", "CPU µs, with broker or sender", "wheel to client",
		"each acknowledged", "wheel to it", "by hand, durable", "wheel to it")
	for i, s := range list {
		f := &got[i]
		row := []string{s.name, f.rate.String(), f.cpu.String(), f.peak.String(), s.client, f.raw.String(), f.rawCPU.String(), measure.Ratio(f.rate, f.raw)}
		for _, other := range []measure.Series{f.each, f.hand} {
			if len(other) == 0 {
				row = append(row, "-", "-")
				continue
			}
			row = append(row, other.String(), measure.Ratio(f.rate, other))
		}
		t.Row(row...)
	}
	return t
}

// goals compares with what was aimed at.
func goals(o *measure.Options, list []*side, got []figures) {
	for i, s := range list {
		f := &got[i]
		switch s.name {
		case "file":
			o.AtLeast("Sources, file to sessions: snapshots of 256 B, durable", f.rate.Median(), 100_000, "/s")
		case "nats", "kafka":
			o.AtLeast("Sources, "+s.name+" to sessions: rate to the plain client's", f.rate.Median()/f.raw.Median(), 0.5, "x")
			if len(f.each) > 0 {
				o.AtLeast("Sources, "+s.name+" to sessions: rate to the plain client's that acknowledges each message", f.rate.Median()/f.each.Median(), 0.5, "x")
			}
			o.AtLeast("Sources, "+s.name+" to sessions: rate to a durable client by hand", f.rate.Median()/f.hand.Median(), 0.5, "x")
		}
	}
}
