package delivery

import (
	"reflect"
	"testing"

	"github.com/peltonhq/pelton"
)

// A key comes back from its rest as it went; what needs more than its head's position does not rest.
func TestBlockedRests(t *testing.T) {
	lane := pelton.LaneID{Source: "s", Incarnation: "i", Lane: "l"}
	head := pelton.MessageID{Lane: lane, Position: 7}
	child, foreign := head, head
	child.Path, foreign.Lane.Incarnation = "p#0", "before"
	queued := &block{lot: true, head: head}
	queued.behind.pushBack(Item{})
	for name, c := range map[string]struct {
		block *block
		rests bool
	}{
		"alone in the lot": {&block{lot: true, head: head}, true},
		"in memory":        {&block{head: head}, false},
		"out":              {&block{lot: true, head: head, out: true}, false},
		"settled":          {&block{lot: true, next: true}, false},
		"parked behind":    {&block{lot: true, head: head, parked: 1}, false},
		"queued behind":    {queued, false},
		"hands":            {&block{lot: true, head: head, hands: map[pelton.MessageID]struct{}{child: {}}}, false},
		"an emit":          {&block{lot: true, head: child}, false},
		"another life":     {&block{lot: true, head: foreign}, false},
		"no head":          {&block{lot: true}, false},
	} {
		k := newBlocked(&lane)
		k.make(1, c.block)
		before := *c.block
		k.rest(1)
		if rests := len(k.resting) == 1; rests != c.rests || k.len() != 1 {
			t.Errorf("%s: rests %v, want %v; %d keys", name, rests, c.rests, k.len())
		}
		if b := k.at(1); b == nil || !reflect.DeepEqual(*b, before) || k.len() != 1 || len(k.resting) != 0 {
			t.Errorf("%s: came back as %+v, want %+v", name, b, before)
		}
	}
}

func TestBlockedHeads(t *testing.T) {
	lane := pelton.LaneID{Source: "s", Incarnation: "i", Lane: "l"}
	k := newBlocked(&lane)
	for hash := range uint64(100) {
		k.make(hash, &block{lot: true, head: pelton.MessageID{Lane: lane, Position: 1000 + hash}})
		if hash%2 == 0 {
			k.rest(hash)
		}
	}
	for hash := range uint64(100) {
		id := pelton.MessageID{Lane: lane, Position: 1000 + hash}
		if got, ok := k.headed(id); !ok || got != hash {
			t.Errorf("the head of key %d is that of key %d, %v", hash, got, ok)
		}
		id.Path = "p#0"
		if got, ok := k.headed(id); ok {
			t.Errorf("an emit is the head of key %d", got)
		}
	}
}
