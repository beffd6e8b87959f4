package native_test

import (
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/native"
)

// picky acks all but the n-th message of its life, and emits with the n-th if it is to.
type picky struct {
	acker

	n    int
	emit bool
}

func (p *picky) Handle(_ *native.Message, out *native.Out) pelton.Verdict {
	p.n--
	switch {
	case p.n != 0:
		return pelton.Ack()
	case p.emit:
		out.Emit("", nil, []byte("x"))
		return pelton.Ack()
	}
	return pelton.Dead("this one")
}

// A plain turn that is brief has no outcomes; any other has all of them, whatever the turn before left.
func TestBrief(t *testing.T) {
	cases := map[string]struct {
		brief, emit, plain bool
		n                  int // the message that is not like the others; 0 for none
	}{
		"plain":                  {brief: true, plain: true},
		"not asked to be":        {plain: true},
		"first dead":             {brief: true, n: 1},
		"middle dead":            {brief: true, n: 3},
		"last dead":              {brief: true, n: 5},
		"an emit":                {brief: true, n: 3, emit: true},
		"an emit, not brief":     {n: 5, emit: true},
		"middle dead, at length": {n: 3},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p, err := actor.Open(t.Context(), actor.Options{}, actor.Version{
				Revision: 1, Module: native.Module("picky", func() native.Plugin { return &picky{n: c.n, emit: c.emit} }),
			})
			if err != nil {
				t.Fatal(err)
			}
			turn, done := batch(5), make(chan struct{}, 1)
			turn.Reply = func(*actor.Turn) { done <- struct{}{} }
			turn.Brief = c.brief
			for round := range 2 { // the second one is plain, in a turn that may have had outcomes
				if !p.Offer(0, turn) {
					t.Fatal("the mailbox is full")
				}
				<-done
				plain := c.plain || round == 1
				if turn.Plain != plain {
					t.Fatalf("round %d: plain is %v", round, turn.Plain)
				}
				for i := range turn.Outcomes {
					want := pelton.DecisionAck
					if round == 0 && i == c.n-1 && !c.emit {
						want = pelton.DecisionDead
					}
					if plain && c.brief {
						want = pelton.DecisionNone
					}
					if got := turn.Outcomes[i].Verdict.Decision; got != want {
						t.Errorf("round %d: delivery %d is %s, want %s", round, i, got, want)
					}
				}
			}
			dead := uint64(1)
			if c.n == 0 || c.emit {
				dead = 0
			}
			if v := p.Stats().Verdicts; v[pelton.DecisionAck] != 10-dead || v[pelton.DecisionDead] != dead {
				t.Errorf("counted %v", v)
			}
			if err := p.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
