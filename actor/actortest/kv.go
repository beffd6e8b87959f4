package actortest

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

// KV is a plugin's state in memory. What is staged is there at once.
type KV struct {
	Limit   int64 // of keys and values; 0 for none
	LongKey int   // bytes of the longest key; 0 for any

	mu      sync.Mutex
	values  map[string][]byte
	tickets uint64
}

var _ actor.KV = (*KV)(nil)

// Get implements [actor.KV].
func (s *KV) Get(key []byte) (value []byte, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, ok = s.values[string(key)]
	return bytes.Clone(value), ok, nil
}

// Next implements [actor.KV].
func (s *KV) Next(prefix, after []byte) (key []byte, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range slices.Sorted(maps.Keys(s.values)) {
		if strings.HasPrefix(k, string(prefix)) && (after == nil || k > string(after)) {
			return []byte(k), true, nil
		}
	}
	return nil, false, nil
}

// Stage implements [actor.KV].
func (s *KV) Stage(changes []pelton.Change) (ticket uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.values == nil {
		s.values = map[string][]byte{}
	}
	for _, c := range changes {
		if c.Delete {
			delete(s.values, string(c.Key))
		} else {
			s.values[string(c.Key)] = c.Value
		}
	}
	s.tickets++
	return s.tickets
}

// Room implements [actor.KV].
func (s *KV) Room() (left, limit int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Limit == 0 {
		return 1 << 62, 0
	}
	left = s.Limit
	for k, v := range s.values {
		left -= int64(len(k) + len(v))
	}
	return left, s.Limit
}

// MaxKey implements [actor.KV].
func (s *KV) MaxKey() int { return s.LongKey }

// all is the state as text.
func (s *KV) all() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := map[string]string{}
	for k, v := range s.values {
		text[k] = string(v)
	}
	return text
}

// granted opens the capable plugin with a state.
func (k Kit) granted(t *testing.T, kv *KV) *actor.Plugin {
	t.Helper()
	env := Env("{}")
	env.KV, env.HTTP = kv, true
	return open(t, k.Capable(t), actor.Options{Env: env})
}

// testKV: a delivery sees its own changes and those of deliveries that were acked before, and no others (E1).
func (k Kit) testKV(t *testing.T) {
	kv := new(KV)
	p := k.granted(t, kv)
	turn := offer(t, p, Turn(
		"get a;put a 1;get a",
		"get a;put a 2;put b 2;retry 1s",
		"get a;get b;put b 3;del a;get a",
		"get a;get b;put c 4;dead no",
		"keys;get c;put ab 5;put aa 6;put b 7;keys a;keys;keys x",
		"put gone 1;put gone 2;del gone;get gone;put empty ;get empty",
	))
	want := []string{"-,1", "1", "1,-,-", "-,3", "b,-,aa+ab,aa+ab+b,", "-,"}
	for i, w := range want {
		var got []string
		for _, e := range emitted(turn, i) {
			got = append(got, string(e.Payload))
		}
		if strings.Join(got, ",") != w {
			t.Errorf("delivery %d read %q, want %q", i, strings.Join(got, ","), w)
		}
	}
	final := map[string]string{"aa": "6", "ab": "5", "b": "7", "empty": ""}
	if got := kv.all(); !maps.Equal(got, final) || turn.Ticket != 1 {
		t.Errorf("the state is %q by ticket %d, want %q by 1", got, turn.Ticket, final)
	}
	for _, c := range turn.Changes {
		if d := turn.Outcomes[c.Delivery].Verdict.Decision; d != pelton.DecisionAck {
			t.Errorf("a change of %q by delivery %d, which was decided %v", c.Key, c.Delivery, d)
		}
	}
	if turn := offer(t, p, Turn("get b;get aa", "keys a")); turn.Ticket != 0 || len(turn.Emits) != 3 || string(turn.Emits[0].Payload) != "7" || only(t, turn, 1) != "aa+ab" {
		t.Errorf("the next turn read %+v, ticket %d", turn.Emits, turn.Ticket)
	}
}

// testKVFaults: a delivery that fails changes nothing, and the others of its turn are as if it had not been there.
func (k Kit) testKVFaults(t *testing.T) {
	for command, kind := range inOrder(map[string]actor.FaultKind{
		"put n x;trap": actor.FaultTrap, "put n x;put " + strings.Repeat("k", 65) + " v": actor.FaultMalformed,
		"put n x;fill 70 1000": actor.FaultOutput, "put n x;fill 45 1000": actor.FaultOutput,
	}) {
		kv := &KV{Limit: 40_000, LongKey: 64}
		p := k.granted(t, kv)
		turn := offer(t, p, Turn("put n 1;get n", "get n;put m 2", command, "get n;put n 3", "get n"))
		faulty(t, turn, 2, kind)
		for i, want := range map[int]string{0: "1", 1: "1", 3: "1", 4: "3"} {
			acked(t, turn, i)
			if got := only(t, turn, i); got != want {
				t.Errorf("%.20q: delivery %d read %q, want %q", command, i, got, want)
			}
		}
		if got, want := kv.all(), (map[string]string{"n": "3", "m": "2"}); !maps.Equal(got, want) {
			t.Errorf("%.20q: the state is %q, want %q", command, got, want)
		}
	}
}

// testKVDenied: without the grant a plugin that uses kv either does not start or fails, and is told what to do.
func (k Kit) testKVDenied(t *testing.T) {
	env := Env("{}")
	env.HTTP = true
	k.denied(t, env, "put a 1", "kv", "capabilities: {kv: {}}")
}

func (k Kit) denied(t *testing.T, env actor.Env, command string, want ...string) {
	t.Helper()
	m := load(t, k.Capable)
	words := ""
	if i, err := m.Start(t.Context(), env); err != nil {
		words = err.Error()
	} else {
		if err := handle(t, i, Turn(command)); err != nil {
			words = err.Error()
		}
		if err := i.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
	for _, word := range append(want, "not granted") {
		if !strings.Contains(words, word) {
			t.Errorf("%q does not say %q", words, word)
		}
	}
}
