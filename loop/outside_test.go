package loop_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/store"
)

// step is how far two messages of a test lane are apart, in positions.
const step = 10

// lane is a source's lane in memory. Message i has position i*step.
type lane struct {
	id      pelton.LaneID
	n       int
	endless bool
	make    func(i int) (key, payload string)
	scratch []byte
	fail    func(i int) error // before message i is handed over; nil goes on

	mu      sync.Mutex
	settled uint64
	reads   []uint64 // where each Read began
}

func (l *lane) ID() pelton.LaneID { return l.id }

func (l *lane) Endless() bool { return l.endless }

func (l *lane) Read(ctx context.Context, from uint64, d *decode.Decoder) error {
	l.mu.Lock()
	l.reads = append(l.reads, from)
	l.mu.Unlock()
	for i := int(from / step); i < l.n; i++ {
		if l.fail != nil {
			if err := l.fail(i); err != nil {
				return err
			}
		}
		key, payload := l.make(i)
		l.scratch = append(append(l.scratch[:0], payload...), key...)
		r := decode.Record{Position: uint64(i * step), Next: uint64(i*step + step), Payload: l.scratch[:len(payload)]}
		if key != "" {
			r.Key = l.scratch[len(payload):]
		}
		if err := d.Message(ctx, r); err != nil {
			return err
		}
	}
	if err := d.Flush(ctx); err != nil || !l.endless {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

func (l *lane) Settled(watermark uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled = watermark
}

func (l *lane) told() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.settled
}

// target takes effects while it has room. What it takes is complete at once, unless it keeps or refuses it; with a store
// an effect and its mark are durable first, as in a session.
type target struct {
	refuse func(e *pelton.Effect) error
	store  store.Store
	token  store.Token

	mu      sync.Mutex
	room    int // effects; negative for without end
	keep    bool
	kept    []uint64
	got     []pelton.Effect
	waiting []pelton.Completer // that were told that there is no room
	last    pelton.Completer
}

func (g *target) Offer(effects []pelton.Effect, c pelton.Completer) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := len(effects)
	if g.room >= 0 {
		n = min(n, g.room)
		g.room -= n
	}
	g.last = c
	if n < len(effects) {
		g.waiting = append(g.waiting, c)
	}
	for i := range effects[:n] {
		e := effects[i]
		g.got = append(g.got, e)
		switch {
		case g.keep:
			g.kept = append(g.kept, e.Token)
		case g.store != nil:
			records := []store.Record{
				{Op: store.Put, Key: store.Key(store.SpaceSnapshot, e.ID.String()), Value: e.Payload}, {Op: store.Put, Key: e.Mark},
			}
			g.store.AppendAsync(g.token, records, func(_ store.Pos, err error) {
				if err == nil {
					c.Complete(e.Token, nil)
				}
			})
		case g.refuse != nil:
			go c.Complete(e.Token, g.refuse(&e))
		default:
			go c.Complete(e.Token, nil)
		}
	}
	return n
}

// open makes room for n more effects.
func (g *target) open(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.room += n
	for _, c := range g.waiting {
		go c.Room()
	}
	g.waiting = nil
}

// complete answers what was kept.
func (g *target) complete() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, token := range g.kept {
		go g.last.Complete(token, nil)
	}
	g.kept, g.keep = nil, false
}

func (g *target) payloads() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]string, 0, len(g.got))
	for i := range g.got {
		all = append(all, string(g.got[i].Payload))
	}
	return all
}

func (g *target) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.got)
}

// handler is a plugin's Handle.
type handler func(m *native.Message, out *native.Out) pelton.Verdict

type plugin struct{ handle handler }

func (plugin) Init([]byte) ([]pelton.Output, error) {
	return []pelton.Output{{Name: "default"}, {Name: "other"}}, nil
}

func (p plugin) Handle(m *native.Message, out *native.Out) pelton.Verdict { return p.handle(m, out) }

func ack(*native.Message, *native.Out) pelton.Verdict { return pelton.Ack() }

// echo emits each message as it is.
func echo(m *native.Message, out *native.Out) pelton.Verdict {
	out.Emit("", m.Key(), m.Payload())
	return pelton.Ack()
}

// keyed makes messages "0", "1", … that share the given number of keys; 0 for none.
func keyed(keys int) func(i int) (string, string) {
	return func(i int) (string, string) {
		if keys == 0 {
			return "", strconv.Itoa(i)
		}
		return fmt.Sprint("k", i%keys), strconv.Itoa(i)
	}
}
