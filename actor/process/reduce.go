package process

import (
	"context"
	"errors"

	"github.com/peltonhq/pelton/actor"
	pluginv1 "github.com/peltonhq/pelton/api/gen/pelton/plugin/v1"
)

// Reduce folds a batch of calls, in as many requests as they need.
func (i *Instance) Reduce(ctx context.Context, calls []actor.Call) error {
	if !i.reducer {
		return malformed("the plugin handles messages and is no reducer")
	}
	return i.turn(ctx, func() *actor.Fault {
		for len(calls) > 0 {
			n := fitting(calls)
			if f := i.reduce(ctx, calls[:n]); f != nil {
				return f
			}
			calls = calls[n:]
		}
		return nil
	})
}

// reduce sends folds that fit one request and takes their results.
func (i *Instance) reduce(ctx context.Context, calls []actor.Call) *actor.Fault {
	next, failed := 0, false
	message := func(number uint64) *pluginv1.AttachResponse { return folds(calls, number) }
	return i.exchange(ctx, request{message, numberOfFolded, func(m *pluginv1.AttachRequest) (bool, *actor.Fault) {
		a := m.GetFolded()
		if len(a.GetResults()) == 0 && !a.GetDone() {
			return true, broken(actor.FaultMalformed, "an empty answer that is not the last")
		}
		for _, r := range a.GetResults() {
			if failed {
				break
			}
			if int(r.GetFold()) != next || next >= len(calls) {
				return true, broken(actor.FaultMalformed, "it answered fold %d of %d, after %d", r.GetFold(), len(calls), next-1)
			}
			next++
			if r.GetOverflow() || int64(len(r.GetState())) > i.env.Limits.Output {
				failed = true
				return a.GetDone(), overflow("the new state exceeds limits.output of %s", bytesize(i.env.Limits.Output))
			}
			folded(&calls[next-1], r)
		}
		if a.GetDone() && !failed && next < len(calls) {
			return true, broken(actor.FaultMalformed, "it answered %d of %d folds", next, len(calls))
		}
		return a.GetDone(), nil
	}})
}

func numberOfFolded(m *pluginv1.AttachRequest) (uint64, bool) {
	return m.GetFolded().GetBatch(), m.GetFolded() != nil
}

func folded(c *actor.Call, r *pluginv1.Result) {
	c.Next, c.Err, c.ContentType = nil, nil, clean(r.GetContentType(), typeLimit)
	if !r.GetRefused() {
		c.Next = append([]byte{}, r.GetState()...)
		return
	}
	reason := clean(r.GetReason(), reasonLimit)
	if reason == "" {
		reason = "the reducer refused the emit and gave no reason"
	}
	c.Err = errors.New(reason)
}
