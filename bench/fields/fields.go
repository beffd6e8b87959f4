package fields

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/bench/measure"
	"github.com/peltonhq/pelton/bench/pipeline"
	"github.com/peltonhq/pelton/bench/wheel"
	"github.com/peltonhq/pelton/decode"
)

var names = []string{"seq", "value", "place.row"} // the first member, one in the middle, a nested one

// tally is what a plugin read.
type tally struct {
	count int
	sum   float64
}

func (t *tally) add(seq, value, row float64) {
	t.count++
	t.sum += seq + value + row
}

// contestant is a way for a plugin to read the fields.
type contestant struct {
	name   string
	decode decode.Config
	read   func(m *native.Message, t *tally)
	blind  bool // it reads nothing
}

var contestants = []contestant{
	{name: "located once by the source", decode: decode.Config{Format: decode.JSON, Fields: names}, read: located},
	{name: "gjson in every plugin", read: searched},
	{name: "gjson in every plugin, JSON checked by the source", decode: decode.Config{Format: decode.JSON}, read: searched},
	{name: "nothing is read: the wheel alone", read: func(_ *native.Message, t *tally) { t.count++ }, blind: true},
}

func located(m *native.Message, t *tally) {
	var v [3]float64
	for i := range v {
		field, _ := m.At(i)
		v[i], _ = strconv.ParseFloat(string(field.Raw), 64)
	}
	t.add(v[0], v[1], v[2])
}

func searched(m *native.Message, t *tally) {
	p := m.Payload()
	t.add(gjson.GetBytes(p, names[0]).Float(), gjson.GetBytes(p, names[1]).Float(), gjson.GetBytes(p, names[2]).Float())
}

// reader is the plugin.
type reader struct {
	read  func(m *native.Message, t *tally)
	tally tally
}

func (*reader) Init([]byte) ([]pelton.Output, error) { return nil, nil }

func (p *reader) Handle(m *native.Message, _ *native.Out) pelton.Verdict {
	p.read(m, &p.tally)
	return pelton.Ack()
}

// expect is what n messages come to, line after line and again from the first.
func expect(lines [][]byte, n int) (t tally) {
	each := make([][3]float64, len(lines))
	for i, line := range lines {
		for j, name := range names {
			each[i][j] = gjson.GetBytes(line, name).Float()
		}
	}
	for i := range n {
		v := each[i%len(each)]
		t.add(v[0], v[1], v[2])
	}
	return t
}

const arenaSize = 4 << 20

// run carries the lines to n plugins for so long and gives the cost and the number of messages.
func run(who contestant, lines [][]byte, n int, span time.Duration) (u measure.Usage, messages int, err error) {
	var plugins []*reader
	var modules []actor.Module
	for range n {
		p := &reader{read: who.read}
		plugins = append(plugins, p)
		modules = append(modules, native.Module("reader", func() native.Plugin { return p }))
	}
	sent, watermarks := 0, make(chan uint64, 1)
	feed := func(ctx context.Context, d *decode.Decoder, span time.Duration) error {
		for begin, end := time.Now(), false; !end; end = sent%256 == 0 && time.Since(begin) >= span {
			r := decode.Record{Position: uint64(sent), Next: uint64(sent + 1), Payload: lines[sent%len(lines)]}
			if err := d.Message(ctx, r); err != nil {
				return err
			}
			sent++
		}
		if err := d.Flush(ctx); err != nil {
			return err
		}
		for <-watermarks != uint64(sent) {
		}
		return nil
	}
	w, err := wheel.Open(wheel.Options{
		Modules: modules, Arena: arenaSize, Decode: who.decode,
		Settled: func(watermark uint64) {
			select { // the newest one counts
			case <-watermarks:
			default:
			}
			watermarks <- watermark
		},
		Produce: func(ctx context.Context, d *decode.Decoder) error {
			if err := feed(ctx, d, span/4); err != nil {
				return err
			}
			before, m := sent, measure.Start()
			err := feed(ctx, d, span)
			u, messages = m.Stop(), sent-before
			return err
		},
	})
	if err != nil {
		return u, 0, err
	}
	if err := w.Close(); err != nil {
		return u, 0, err
	}
	want := expect(lines, sent)
	for i, p := range plugins {
		if who.blind {
			p.tally.sum = want.sum
		}
		if p.tally != want {
			return u, 0, fmt.Errorf("plugin %d read %d messages with the sum %v, want %d with %v", i, p.tally.count, p.tally.sum, want.count, want.sum)
		}
	}
	return u, messages, nil
}

const text = `N native plugins read the same three fields (%s) of lines of JSON of %d bytes and add them up, through the same wheel. Nanoseconds of
the processor per message, all of it: reading, loop, plugins, acks. "More per plugin" is what each plugin after the first adds.`

// Run measures and prints.
func Run(o *measure.Options) error {
	lines := pipeline.Lines(1000)
	o.Section("Decode once", fmt.Sprintf(text, strings.Join(names, ", "), len(bytes.Join(lines, nil))/len(lines)))
	counts := []int{1, 2, 4, 8, 16}
	cost := make([][]measure.Series, len(contestants))
	for i := range cost {
		cost[i] = make([]measure.Series, len(counts))
	}
	for round := range o.Rounds(5) {
		o.Tell("fields: round %d", round+1)
		for j, n := range counts {
			for i, who := range contestants {
				u, messages, err := run(who, lines, n, o.Span(150*time.Millisecond))
				if err != nil {
					return fmt.Errorf("%s, %d plugins: %w", who.name, n, err)
				}
				cost[i][j] = append(cost[i][j], float64(u.CPU.Nanoseconds())/float64(messages))
			}
		}
	}
	head := []string{""}
	for _, n := range counts {
		head = append(head, fmt.Sprintf("N = %d", n))
	}
	t := measure.NewTable(append(head, "more per plugin", "to the first at N = 16")...)
	last := len(counts) - 1
	for i, who := range contestants {
		row := []string{who.name}
		for _, s := range cost[i] {
			row = append(row, s.String())
		}
		more := (cost[i][last].Median() - cost[i][0].Median()) / float64(counts[last]-counts[0])
		t.Row(append(row, measure.Number(more), measure.Ratio(cost[i][last], cost[0][last]))...)
	}
	t.Write(o.Out)
	return nil
}
