package trial

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/engine"
	"github.com/peltonhq/pelton/engine/config"
)

// Trial is one plugin, ready to be given messages.
type Trial struct {
	alone   *engine.Alone
	arena   *arena.Arena
	lane    *arena.Lane
	decoder *decode.Decoder
	frame   decode.Frame // that the decoder handed over last
	at      uint64
	reducer bool
	state   map[string][]byte // of a reducer, by key
	turn    actor.Turn
	one     [1]actor.Delivery //pelton:lends of turn, for the one message that is lent
	back    chan struct{}
}

// Open builds and starts the plugin. The caller closes the trial.
func Open(ctx context.Context, c config.Config, o engine.Options, s engine.Single) (*Trial, error) {
	alone, err := engine.OpenAlone(ctx, c, o, s)
	if err != nil {
		return nil, err
	}
	t := &Trial{alone: alone, reducer: strings.HasPrefix(s.Name, config.ReducerName("")), state: map[string][]byte{}, back: make(chan struct{}, 1)}
	t.turn.Reply = func(*actor.Turn) { t.back <- struct{}{} }
	if err := t.open(s.Name); err != nil {
		return nil, errors.Join(err, t.Close(ctx))
	}
	return t, nil
}

func (t *Trial) open(name string) (err error) {
	if t.alone.Decode.Format == decode.CSV {
		return fmt.Errorf("plugin %s reads csv: its fields are named by the header of a file, which a single message does not have; "+
			"run it on messages of a json source", name)
	}
	if t.arena, err = arena.New(t.alone.Arena); err != nil {
		return err
	}
	if t.lane, err = t.arena.Lane("trial"); err != nil {
		return err
	}
	id := &pelton.LaneID{Source: "trial", Incarnation: "0", Lane: "sample"}
	t.decoder, err = decode.New(t.alone.Decode, t.lane, id, (*out)(t), time.Now)
	return err
}

// Digest is that of the code that runs.
func (t *Trial) Digest() string { return t.alone.Plugin.Stats().Digest }

// Close ends the trial.
func (t *Trial) Close(ctx context.Context) error {
	err := t.alone.Close(ctx)
	if t.arena != nil {
		if t.decoder != nil {
			t.decoder.Reset()
		}
		if closed := t.arena.Close(); !errors.Is(closed, arena.ErrLent) { // a plugin that is stuck has it
			err = errors.Join(err, closed)
		}
	}
	return err
}

// Run gives the plugin the messages, one after the other. An error says that the trial itself failed: what the plugin does
// wrong is in the results.
func (t *Trial) Run(ctx context.Context, messages []Message) ([]Result, error) {
	results := make([]Result, 0, len(messages))
	for i := range messages {
		r, err := t.message(ctx, &messages[i])
		if err != nil {
			return results, fmt.Errorf("message %d: %w", i+1, err)
		}
		results = append(results, r)
	}
	return results, nil
}

func (t *Trial) message(ctx context.Context, m *Message) (Result, error) {
	if t.reducer {
		return t.fold(ctx, m)
	}
	record := decode.Record{Position: t.at, Next: t.at + 1, Payload: m.Payload, Meta: pelton.Meta{Time: m.Time, Headers: m.Headers}}
	if m.HasKey {
		if record.Key = m.Key; record.Key == nil {
			record.Key = []byte{}
		}
	}
	t.at++
	if err := t.decoder.Message(ctx, record); err != nil {
		return Result{}, err
	}
	if bad := t.frame.Bad; bad != nil {
		return Result{Verdict: VerdictBad, Reason: bad.Reason}, nil
	}
	r, err := t.offer(ctx)
	t.decoder.Reset()
	return r, errors.Join(err, t.lane.Release(t.frame.Ref))
}

// out takes the frames of the decoder, which hands over one for each message.
type out Trial

// Frame implements [decode.Out].
func (o *out) Frame(_ context.Context, f decode.Frame) error {
	o.frame = f
	return nil
}

// Flush implements [decode.Out].
func (o *out) Flush(context.Context) error { return nil }

// offer gives the message that is lent to the plugin and waits for the answer.
func (t *Trial) offer(ctx context.Context) (Result, error) {
	loan, err := t.arena.Loan(t.frame.Ref)
	if err != nil {
		return Result{}, err
	}
	t.one[0] = actor.Delivery{After: -1}
	t.one[0].View.Lend(loan, 1, 0, time.Now().UnixNano())
	t.turn.Deliveries, t.turn.Lost = t.one[:], false
	if !t.alone.Plugin.Offer(0, &t.turn) {
		return Result{}, actor.ErrClosed
	}
	<-t.back // the plugin's limit of time bounds it
	if t.turn.Lost {
		return Result{}, actor.ErrClosed
	}
	r := resultOf(&t.turn, string(loan.Key))
	if t.turn.Ticket == 0 {
		return r, nil
	}
	done := make(chan error, 1)
	t.alone.State.Commit(t.turn.Ticket, nil, func(err error) { done <- err })
	select {
	case err := <-done:
		return r, err
	case <-ctx.Done():
		return r, ctx.Err()
	}
}

// fold gives an emit to a reducer. The state of each key begins empty.
func (t *Trial) fold(ctx context.Context, m *Message) (Result, error) {
	calls := []actor.Call{{Key: m.Key, State: t.state[string(m.Key)], Emit: m.Payload}}
	if err := t.alone.Plugin.Reduce(ctx, calls); err != nil {
		return Result{}, err
	}
	r := Result{Key: string(m.Key), Verdict: pelton.DecisionAck.String()}
	var fault *actor.Fault
	switch c := &calls[0]; {
	case errors.As(c.Err, &fault):
		r.Verdict, r.Reason = VerdictFault, firstLine(c.Err.Error())
	case c.Err != nil:
		r.Verdict, r.Reason = VerdictRefused, firstLine(c.Err.Error())
	case c.Next == nil:
		r.Verdict, r.Reason = VerdictRefused, "the reducer gave no state"
	default:
		t.state[string(m.Key)] = c.Next
		state := BodyOf(c.Next)
		r.State = &state
	}
	return r, nil
}

func firstLine(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	return first
}
