package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/sdk/build"
)

// swaps is a config whose plugin is swapped. Its windows are short, so that a hundred swaps take minutes.
const swaps = `
store: {%s}
sources:
  in: {%s, decode: {format: json, key: key}}
plugins:
  copy:
    from: [in]
    wasm: {path: %s}
    limits: {memory: 64MiB, time: 250ms}
    health: {window: 5s, min_samples: 200, max_error_rate: 0.05, max_increase: 0.003}
sessions:
  seen: {from: [copy]}
sinks:
  out: {from: [copy], file: {path: %s, on_new: fail}}
ingest: {max_bytes: 1GiB, max_age: 1000h}
shutdown: {timeout: 10m}
`

// bound is within what time every swap of the course must be answered: it is loaded, watched for its window or through its
// steps, and on a machine with other work all of that takes longer.
const bound = 30 * time.Second

// rate is how many messages are sent a second while swaps go on; there are pauses between the rounds of swaps.
const rate = 28_000

// turnover is one kind of swap and how it must end.
type turnover struct {
	kind     string // of the guest's behaviour
	strategy api.Strategy
	outcome  string
}

var (
	immediate = api.Strategy{Kind: api.StrategyImmediate}
	canary    = api.Strategy{Kind: api.StrategyCanary, Percent: []float64{10, 50}, Hold: 500 * time.Millisecond}
	caught    = api.Strategy{Kind: api.StrategyCanary, Percent: []float64{10, 50}, Hold: bound / 3} // it ends by what it sees
	shadow    = api.Strategy{Kind: api.StrategyShadow, For: 5 * time.Second, MaxDiff: 0.001, Then: api.ThenPromote}
)

// turnovers take turns: good and bad versions by all strategies.
var turnovers = []turnover{
	{"good", immediate, api.OutcomeLive},
	{"trap", immediate, api.OutcomeRolledBack},
	{"good", canary, api.OutcomeLive},
	{"fails", caught, api.OutcomeRolledBack},
	{"good", shadow, api.OutcomeLive},
	{"wrong", shadow, api.OutcomeRolledBack},
	{"good", immediate, api.OutcomeLive},
	{"hang", immediate, api.OutcomeRolledBack},
	{"trap", caught, api.OutcomeRolledBack},
	{"good", canary, api.OutcomeLive},
	{"hoard", immediate, api.OutcomeRolledBack},
	{"good", shadow, api.OutcomeLive},
	{"trap", shadow, api.OutcomeRolledBack},
}

// guest is the plugin's code, of which versions are made.
type guest struct {
	code []byte
	made int
}

const place = "behaviour:"

func newGuest(ctx context.Context) (*guest, error) {
	a, err := build.Build(ctx, "guest", build.Options{})
	if err != nil {
		return nil, err
	}
	if bytes.Count(a.Bytes, []byte(place+"          ")) != 1 {
		return nil, fmt.Errorf("the guest's code has no place for its behaviour: %q is not there once", place)
	}
	return &guest{code: a.Bytes}, nil
}

// version is code with a behaviour, and with a digest that no other version has.
func (g *guest) version(kind string) []byte {
	g.made++
	code := bytes.Clone(g.code)
	at := bytes.Index(code, []byte(place+"          ")) + len(place)
	copy(code[at:], fmt.Sprintf("%s %d ", kind, g.made))
	return code
}

// swap swaps a plugin again and again while messages flow.
func (s *suite) swap(ctx context.Context, name, source string) (row Row, err error) {
	times := len(turnovers)
	if s.long {
		times = 100
	}
	g, err := newGuest(ctx)
	if err != nil {
		return row, err
	}
	first := filepath.Join(s.dir, name+".wasm")
	if err := os.WriteFile(first, g.version("good"), 0o600); err != nil {
		return row, err
	}
	c, err := s.course(name, where{source: source, store: "sync: always", wasm: first})
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	c.pace.Rate = rate
	w, err := c.start(ctx)
	if err != nil {
		return row, err
	}
	defer w.Kill()
	to := w.Client()
	defer to.Close()
	t := &turner{suite: s, guest: g, to: to, outcomes: map[string]int{}}
	began, base := time.Now(), c.ledger.Acked()
	for t.done < times {
		err := c.flow(ctx, w, 5_000, func(ctx context.Context) error { return t.turn(ctx, min(times, t.done+len(turnovers))) })
		if err != nil {
			return row, err
		}
	}
	row = Row{Name: source, Rate: int(float64(c.ledger.Acked()-base) / time.Since(began).Seconds())}
	row.Figures, err = c.settle(ctx, w)
	row.Did = fmt.Sprintf("%d swaps live, %d rolled back, each as it should, answered within %s",
		t.outcomes[api.OutcomeLive], t.outcomes[api.OutcomeRolledBack], t.slowest.Round(100*time.Millisecond))
	return row, err
}

// turner swaps.
type turner struct {
	*suite

	guest    *guest
	to       *client.Client
	done     int
	outcomes map[string]int
	slowest  time.Duration // answer of all
}

// turn swaps until so many are done, one after the other.
func (t *turner) turn(ctx context.Context, upTo int) error {
	for ; t.done < upTo; t.done++ {
		next := &turnovers[t.done%len(turnovers)]
		if err := t.one(ctx, next); err != nil {
			return fmt.Errorf("swap %d, to a version that is %s, by %s: %w", t.done+1, next.kind, next.strategy.Kind, err)
		}
	}
	return nil
}

func (t *turner) one(ctx context.Context, next *turnover) error {
	code := t.guest.version(next.kind)
	sum := sha256.Sum256(code)
	digest := api.DigestPrefix + hex.EncodeToString(sum[:])
	if err := t.to.Push(ctx, digest, int64(len(code)), bytes.NewReader(code), nil); err != nil {
		return err
	}
	began := time.Now()
	r, err := t.to.Swap(ctx, "copy", digest, api.SwapOptions{Who: "faults", Why: next.kind, Strategy: &next.strategy})
	if err != nil {
		return err
	}
	took := time.Since(began)
	t.tell("%s by %s: %s after %s %s", next.kind, next.strategy.Kind, r.Outcome, took.Round(time.Millisecond), r.Reason)
	t.outcomes[r.Outcome]++
	t.slowest = max(t.slowest, took)
	switch {
	case r.Outcome != next.outcome:
		return fmt.Errorf("it is %s (%s) and should be %s", r.Outcome, r.Reason, next.outcome)
	case took > bound:
		return fmt.Errorf("it was answered after %s", took)
	}
	return nil
}
