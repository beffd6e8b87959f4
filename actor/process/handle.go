package process

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	pluginv1 "github.com/peltonhq/pelton/api/gen/pelton/plugin/v1"
)

// Handle runs one turn that was begun, in as many batches as its deliveries need.
func (i *Instance) Handle(ctx context.Context, t *actor.Turn) error {
	if i.reducer {
		return malformed("the plugin is a reducer and handles no messages")
	}
	return i.turn(ctx, func() *actor.Fault {
		for first := 0; first < len(t.Deliveries); {
			first = i.batch.plan(t, first)
			if len(i.batch.order) == 0 {
				continue
			}
			if f := i.handle(ctx, t); f != nil {
				return f
			}
		}
		return nil
	})
}

// turn runs f with a process that is there and watched.
func (i *Instance) turn(ctx context.Context, f func() *actor.Fault) error {
	if i.closed {
		return errClosed
	}
	if fault := i.revive(ctx); fault != nil {
		return fault
	}
	i.run.watch.begin(ctx)
	defer i.run.watch.end()
	if fault := f(); fault != nil {
		if fault.Broken {
			i.run.kill(fault)
		}
		return fault
	}
	return nil
}

// revive starts another process when the last one left between two turns: the message that comes now is not to blame.
// One that was ended by its watch meanwhile is replaced in the same way.
func (i *Instance) revive(ctx context.Context) *actor.Fault {
	if i.run.cause.Load() == nil { // else it was ended, though that may not show yet
		select {
		case <-i.run.link.ended:
		case <-i.run.child.exited:
		default:
			return nil
		}
	}
	why := i.run.end()
	<-i.run.over
	i.env.Log("warn", "the process left between two messages and is started again: "+clean(why.Err.Error(), lineLimit))
	beat := time.NewTicker(lookEvery)
	defer beat.Stop()
	done := make(chan error, 1)
	was := i.outputs
	go func() { done <- i.start(ctx) }()
	for {
		select {
		case <-beat.C:
			actor.Heartbeat(ctx)
		case err := <-done:
			if err != nil {
				return broken(actor.FaultTrap, "it left between two messages, and did not start again: %w", err)
			}
			i.outputs = was
			return nil
		}
	}
}

// request is a batch of deliveries or folds on its way to a process and back.
type request struct {
	message func(batch uint64) *pluginv1.AttachResponse
	batch   func(*pluginv1.AttachRequest) (uint64, bool) // the number that an answer bears; false if it is none to this
	take    func(*pluginv1.AttachRequest) (done bool, f *actor.Fault)
}

// exchange sends a request and reads its answers. What a process says of an earlier batch was not asked: the delivery
// that comes now is not to blame, so another process is started for it.
func (i *Instance) exchange(ctx context.Context, q request) *actor.Fault {
	stale, fault := i.ask(ctx, q)
	if !stale {
		return fault
	}
	i.run.kill(fault)
	<-i.run.over
	if fault := i.revive(ctx); fault != nil {
		return fault
	}
	i.run.watch.begin(ctx)
	_, fault = i.ask(ctx, q)
	return fault
}

// ask is one try of an exchange; stale says that an answer to something else came before the first.
func (i *Instance) ask(ctx context.Context, q request) (stale bool, _ *actor.Fault) {
	r := i.run
	r.asked++
	if err := r.link.send(q.message(r.asked)); err != nil {
		r.lost(err)
		return false, r.end()
	}
	var first *actor.Fault // the process goes on after it, so its other answers must be read
	room := i.env.Limits.Output
	for n := 0; ; n++ {
		var answer *pluginv1.AttachRequest
		select {
		case answer = <-r.link.inbox:
		case <-r.link.ended:
			return false, r.end()
		}
		if batch, ok := q.batch(answer); !ok || batch != r.asked {
			return n == 0 && ok && batch < r.asked, broken(actor.FaultMalformed, "it answered what it was not asked (batch %d instead of %d)", batch, r.asked)
		}
		done, fault := q.take(answer)
		switch {
		case fault != nil && fault.Broken:
			return false, fault
		case first == nil:
			first = fault
			r.watch.beat(ctx)
		default:
			if room -= int64(proto.Size(answer)); room < 0 {
				return false, broken(first.Kind, "%w, and it did not end", first.Err)
			}
		}
		if done {
			return false, first
		}
	}
}

// handle sends the batch that was planned and takes its decisions.
func (i *Instance) handle(ctx context.Context, t *actor.Turn) *actor.Fault {
	next, failed := 0, false
	defer i.batch.forget()
	message := func(number uint64) *pluginv1.AttachResponse { return i.batch.encode(t, i.env.Plugin, number) }
	return i.exchange(ctx, request{message, numberOfAnswer, func(m *pluginv1.AttachRequest) (bool, *actor.Fault) {
		a := m.GetAnswer()
		if len(a.GetDecided()) == 0 && !a.GetDone() {
			return true, broken(actor.FaultMalformed, "an empty answer that is not the last")
		}
		for _, d := range a.GetDecided() {
			if failed {
				break
			}
			if fault := i.decided(t, d, &next); fault != nil {
				failed = true
				return a.GetDone(), fault
			}
		}
		if !a.GetDone() || failed {
			return a.GetDone(), nil
		}
		return true, i.undecided(t, next, len(i.batch.order))
	}})
}

func numberOfAnswer(m *pluginv1.AttachRequest) (uint64, bool) {
	return m.GetAnswer().GetBatch(), m.GetAnswer() != nil
}

// undecided is a fault if one of the deliveries of the batch from next to end could have been decided.
func (i *Instance) undecided(t *actor.Turn, next, end int) *actor.Fault {
	for _, k := range i.batch.order[next:end] {
		if t.Ready(int(k)) {
			return malformed("the plugin gave no verdict")
		}
	}
	return nil
}

// decided takes what came of one delivery; next is the place in the batch from which one is expected.
func (i *Instance) decided(t *actor.Turn, d *pluginv1.Decided, next *int) *actor.Fault {
	place := int(d.GetDelivery())
	if place < *next || place >= len(i.batch.order) {
		return malformed("it decided delivery %d of %d, after %d", place, len(i.batch.order), *next-1)
	}
	if fault := i.undecided(t, *next, place); fault != nil {
		return fault
	}
	*next = place + 1
	k := int(i.batch.order[place])
	if !t.Ready(k) {
		return malformed("the plugin decided a message whose predecessor of the same key is not acked or dead")
	}
	if d.GetOverflow() {
		return i.overflow()
	}
	v, fault := verdict(d.GetVerdict())
	if fault != nil {
		return fault
	}
	t.Outcomes[k].Verdict = v
	for _, e := range d.GetEmits() {
		emit, fault := i.emit(e)
		if fault != nil {
			return fault
		}
		if t.Emit(k, emit) != nil {
			return i.overflow()
		}
	}
	for _, s := range d.GetSettlements() {
		if fault := i.settle(t, k, s); fault != nil {
			return fault
		}
	}
	return nil
}

func (i *Instance) overflow() *actor.Fault {
	return overflow("the emits of one message are more than limits.output of %s", bytesize(i.env.Limits.Output))
}

const (
	reasonLimit = 4 << 10 // bytes of a reason; the rest of it is cut
	tokenLimit  = 4 << 10 // bytes of a hold token; the rest is cut, and the token then names nothing
	typeLimit   = 256     // bytes of a content type
)

func verdict(v *pluginv1.Verdict) (pelton.Verdict, *actor.Fault) {
	out := pelton.Verdict{Pass: v.GetPass(), Reason: clean(v.GetReason(), reasonLimit)}
	switch v.GetDecision() {
	case pluginv1.Decision_DECISION_UNSPECIFIED:
		return out, malformed("the plugin gave no verdict")
	case pluginv1.Decision_DECISION_RETRY, pluginv1.Decision_DECISION_HOLD:
		if v.GetNanos() < 0 {
			return out, malformed("a verdict asks for a negative time")
		}
		out.After = time.Duration(v.GetNanos())
	case pluginv1.Decision_DECISION_DEFER:
		out.Until = time.Unix(0, v.GetNanos()).UTC()
	case pluginv1.Decision_DECISION_ACK, pluginv1.Decision_DECISION_DEAD:
	default:
		return out, malformed("decision %d is not one of the protocol's", v.GetDecision())
	}
	out.Decision = pelton.Decision(v.GetDecision())
	return out, nil
}

// emit translates an emit; the turn copies its bytes.
func (i *Instance) emit(e *pluginv1.Emit) (pelton.Emit, *actor.Fault) {
	out := pelton.Emit{Output: pelton.DefaultOutput, Key: e.GetKey(), Payload: e.GetPayload(), ContentType: e.GetContentType()}
	if out.Payload == nil {
		out.Payload = []byte{}
	}
	if len(out.ContentType) > typeLimit {
		return out, malformed("a content type of %d bytes; at most %d", len(out.ContentType), typeLimit)
	}
	if name := e.GetOutput(); name != "" {
		out.Output = name
	}
	for n := range i.outputs {
		if i.outputs[n].Name == out.Output {
			out.Output = i.outputs[n].Name
			return out, nil
		}
	}
	return out, overflow("emit to output %q, which the plugin does not declare", clean(out.Output, 64))
}

func (i *Instance) settle(t *actor.Turn, k int, s *pluginv1.Settlement) *actor.Fault {
	v, fault := verdict(s.GetVerdict())
	if fault != nil {
		return fault
	}
	out := actor.Settlement{Delivery: k, Token: clean(s.GetToken(), tokenLimit), Verdict: v}
	for _, e := range s.GetEmits() {
		emit, fault := i.emit(e)
		if fault != nil {
			return fault
		}
		out.Emits = append(out.Emits, emit)
	}
	if t.Settle(out) != nil {
		return i.overflow()
	}
	return nil
}
