package delivery

import (
	"slices"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
)

func TestBackoff(t *testing.T) {
	p := Policy{Initial: time.Second, Max: 10 * time.Second}
	for _, c := range []struct {
		attempt uint32
		jitter  float64
		want    time.Duration
	}{
		{1, 0, time.Second},
		{2, 0, 2 * time.Second},
		{4, 0, 8 * time.Second},
		{5, 0, 10 * time.Second},
		{1 << 31, 0, 10 * time.Second},
		{1, 1, 750 * time.Millisecond},
		{5, 0.5, 8750 * time.Millisecond},
	} {
		if got := p.backoff(c.attempt, c.jitter); got != c.want {
			t.Errorf("after attempt %d with jitter %v: %v, want %v", c.attempt, c.jitter, got, c.want)
		}
	}
	if got := (Policy{Initial: time.Minute, Max: time.Second}).backoff(1, 0); got != time.Second {
		t.Errorf("initial over max: %v", got)
	}
	if got := (Policy{}).backoff(9, 0.5); got != 0 {
		t.Errorf("no policy: %v", got)
	}
}

// A turn of the largest size finds each delivery's predecessor, however its hashes collide.
func TestKeys(t *testing.T) {
	for name, hash := range map[string]func(i int) uint64{
		"different":    func(i int) uint64 { return uint64(i + 1) },
		"one slot":     func(i int) uint64 { return uint64(i+1) * turnKeys },
		"at the end":   func(i int) uint64 { return uint64(i)*turnKeys + turnKeys - 1 },
		"all the same": func(int) uint64 { return 7 },
		"pairs":        func(i int) uint64 { return uint64(i/2 + 1) },
	} {
		var k keys
		last := map[uint64]int32{}
		for i := range MaxTurn {
			want, ok := last[hash(i)]
			if !ok {
				want = -1
			}
			last[hash(i)] = int32(i)
			if got := k.put(hash(i), int32(i)); got != want {
				t.Fatalf("%s: before %d is %d, want %d", name, i, got, want)
			}
		}
	}
}

func TestTimers(t *testing.T) {
	l := New(Options{Graph: &Graph{Plugins: []Plugin{{Instances: 1}}}})
	at := time.Unix(100, 0)
	for n, after := range []int{3, 1, 2, 1, 3, 1} {
		i := l.messages.take(message{position: uint64(n), ref: pelton.Ref{Index: uint32(n), Generation: 1}})
		l.wait(Item{message: i}, at.Add(time.Duration(after)*time.Second))
	}
	if due, ok := l.Due(); !ok || !due.Equal(at.Add(time.Second)) || l.Waiting() != 6 {
		t.Errorf("due %v %v, %d wait", due, ok, l.Waiting())
	}
	l.Tick(at.Add(time.Second - 1))
	if l.Pending(0) != 0 {
		t.Error("a timer went off early")
	}
	l.Tick(at.Add(2 * time.Second))
	if l.Pending(0) != 4 || l.Waiting() != 2 {
		t.Errorf("%d pending, %d wait", l.Pending(0), l.Waiting())
	}
	l.Tick(at.Add(time.Hour))
	if _, ok := l.Due(); ok || l.Pending(0) != 6 {
		t.Errorf("%d pending", l.Pending(0))
	}
	if moves := l.Moves(nil); len(moves) != 6 || len(l.Moves(nil)) != 0 {
		t.Errorf("moves %v", moves)
	}
}

// FuzzQueue runs a queue beside a slice: each byte pushes back, pushes front or pops.
func FuzzQueue(f *testing.F) {
	f.Add([]byte{0, 0, 1, 2, 0, 1, 1, 2, 2, 2, 2, 0})
	f.Add(make([]byte, 100))
	f.Fuzz(func(t *testing.T, steps []byte) {
		var q queue[int]
		var want []int
		for n, step := range steps {
			switch step % 3 {
			case 0:
				q.pushBack(n)
				want = append(want, n)
			case 1:
				q.pushFront(n)
				want = slices.Insert(want, 0, n)
			case 2:
				if len(want) == 0 {
					continue
				}
				if got := q.popFront(); got != want[0] {
					t.Fatalf("step %d: popped %d, want %d", n, got, want[0])
				}
				want = want[1:]
			}
			if q.len() != len(want) {
				t.Fatalf("step %d: length %d, want %d", n, q.len(), len(want))
			}
			for i := range want {
				if *q.at(i) != want[i] {
					t.Fatalf("step %d: at %d is %d, want %d", n, i, *q.at(i), want[i])
				}
			}
		}
	})
}

// FuzzSlab runs a slab beside a map: an even byte takes, an odd one gives one back.
func FuzzSlab(f *testing.F) {
	f.Add([]byte{0, 2, 4, 1, 6, 3, 1, 8})
	f.Fuzz(func(t *testing.T, steps []byte) {
		var s slab[int]
		want := map[int32]int{}
		var order []int32
		for n, step := range steps {
			if step%2 == 0 || len(order) == 0 {
				i := s.take(n + 1)
				if _, taken := want[i]; taken || i == 0 {
					t.Fatalf("step %d: index %d is handed out twice", n, i)
				}
				want[i], order = n+1, append(order, i)
			} else {
				k := int(step/2) % len(order)
				s.give(order[k])
				delete(want, order[k])
				order = slices.Delete(order, k, k+1)
			}
			if s.used() != len(want) {
				t.Fatalf("step %d: %d used, want %d", n, s.used(), len(want))
			}
			for i, v := range want {
				if *s.at(i) != v {
					t.Fatalf("step %d: %d holds %d, want %d", n, i, *s.at(i), v)
				}
			}
		}
	})
}
