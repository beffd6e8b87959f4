package process

import (
	"slices"
	"strings"
	"time"

	"github.com/peltonhq/pelton"
	pluginv1 "github.com/peltonhq/pelton/api/gen/pelton/plugin/v1"
)

// An answer is sent when it is this large, or this old: the wheel takes it as a sign of life.
const (
	partSize = 256 << 10
	partTime = 10 * time.Millisecond
)

// part is an answer that is being made.
type part struct {
	decided []*pluginv1.Decided
	size    int
	began   time.Time
}

// next begins the answer on a delivery.
func (p *part) next(i int) { p.decided = append(p.decided, &pluginv1.Decided{Delivery: uint32(i)}) }

func (p *part) last() *pluginv1.Decided { return p.decided[len(p.decided)-1] }

func (p *part) due() bool { return p.size >= partSize || time.Since(p.began) >= partTime }

func (p *part) verdict(v pelton.Verdict) { p.last().Verdict = encode(v) }

// overflow makes the last answer one of a delivery that put out too much.
func (p *part) overflow() {
	p.decided[len(p.decided)-1] = &pluginv1.Decided{Delivery: p.last().GetDelivery(), Overflow: true}
}

func (c *client) emit(e *pelton.Emit) {
	last := c.part.last()
	last.Emits = append(last.Emits, own(e))
	c.part.size += int(cost(e))
}

func (c *client) settle(token string, v pelton.Verdict, emits []pelton.Emit) {
	s := &pluginv1.Settlement{Token: valid(token), Verdict: encode(v)}
	for i := range emits {
		s.Emits = append(s.Emits, own(&emits[i]))
		c.part.size += int(cost(&emits[i]))
	}
	last := c.part.last()
	last.Settlements = append(last.Settlements, s)
}

// own is an emit with bytes of its own.
func own(e *pelton.Emit) *pluginv1.Emit {
	return &pluginv1.Emit{Output: valid(e.Output), Key: slices.Clone(e.Key), Payload: slices.Clone(e.Payload), ContentType: valid(e.ContentType)}
}

// valid is a text as protobuf takes it.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func encode(v pelton.Verdict) *pluginv1.Verdict {
	out := &pluginv1.Verdict{Decision: pluginv1.Decision(v.Decision), Reason: valid(v.Reason), Pass: v.Pass}
	switch v.Decision {
	case pelton.DecisionRetry, pelton.DecisionHold:
		out.Nanos = int64(v.After)
	case pelton.DecisionDefer:
		out.Nanos = v.Until.UnixNano()
	default:
	}
	return out
}
