package session

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
)

// A random walk of advance, end, commit and rollback against a model that keeps every durable step.
func TestSessionMachine(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	now := time.UnixMicro(1_000)
	ses := &session{key: "k"}
	var ahead []state
	for range 20_000 {
		switch op := r.IntN(10); {
		case op < 5 && !ses.last.gone || op < 2:
			before := ses.last
			now = now.Add(time.Duration(r.IntN(3)-1) * time.Microsecond) // the clock may stand still or go back
			epoch, id := ses.advance(now, []byte{byte(op)}, "")
			if before.live() && (epoch != before.epoch || id != before.id+1) {
				t.Fatalf("S1: %d:%d follows %d:%d", epoch, id, before.epoch, before.id)
			}
			if !before.live() && (epoch <= before.epoch || id != 1) {
				t.Fatalf("%d:%d follows the end of epoch %d", epoch, id, before.epoch)
			}
			ahead = append(ahead, ses.last)
		case op == 5 && ses.last.live():
			ses.end()
			ahead = append(ahead, ses.last)
		case op < 9 && len(ahead) > 0:
			ses.commit(ahead[0])
			if got := fmt.Sprint(ses.durable); got != fmt.Sprint(ahead[0]) {
				t.Fatalf("durable is %s", got)
			}
			ahead = ahead[1:]
		case op == 9 && r.IntN(5) == 0:
			ses.rollback()
			ahead = nil
			if fmt.Sprint(ses.last) != fmt.Sprint(ses.durable) {
				t.Fatal("rollback kept something")
			}
		}
		if ses.ahead != len(ahead) {
			t.Fatalf("%d ahead, want %d", ses.ahead, len(ahead))
		}
	}
}

func TestOver(t *testing.T) {
	tests := []struct {
		keep               int
		oldest, newest, to uint64
	}{
		{0, 1, 1000, 0}, {10, 1, 20, 0}, {10, 1, 21, 11}, {10, 12, 30, 0}, {1, 1, 2, 0}, {1, 1, 3, 2},
		{1000, 1, 1100, 0}, {1000, 1, 1101, 101},
	}
	for _, test := range tests {
		s := session{durable: state{epoch: 1, id: test.newest}, oldest: test.oldest}
		if got := s.over(test.keep); got != test.to {
			t.Errorf("%+v: removes up to %d", test, got)
		}
	}
}

func TestRing(t *testing.T) {
	var r ring
	if r.read(1, 1, 9) != nil || r.first(7) != 7 {
		t.Error("an empty ring has something")
	}
	push := func(epoch, n uint64, payload int) {
		r.push(epoch, entry{n: n, snap: &pelton.Snapshot{ID: n, Payload: make([]byte, payload)}})
	}
	for n := uint64(1); n <= 1000; n++ {
		push(1, n, 10)
	}
	if r.count != ringCount || r.first(0) != 1000-ringCount+1 {
		t.Errorf("%d entries from %d", r.count, r.first(0))
	}
	got := r.read(1, 990, 5)
	if len(got) != 5 || got[0].n != 990 || got[4].snap.ID != 994 || len(r.read(1, 999, 5)) != 2 {
		t.Errorf("read %v", got)
	}
	if r.read(2, 990, 5) != nil || r.read(1, 1, 5) != nil || r.read(1, 1001, 5) != nil {
		t.Error("read what is not there")
	}
	for n := uint64(1001); n <= 1010; n++ {
		push(1, n, ringBytes/4)
	}
	if r.bytes > ringBytes || r.count != 3 {
		t.Errorf("%d entries of %d bytes", r.count, r.bytes)
	}
	push(1, 1011, 2*ringBytes)
	if r.count != 1 || r.first(0) != 1011 {
		t.Error("the newest must stay, alone, whatever its size")
	}
	push(1, 1013, 1) // a hole: what is in the ring is always consecutive
	if r.count != 1 || r.first(0) != 1013 {
		t.Errorf("S1: the ring spans a hole: %d entries from %d", r.count, r.first(0))
	}
	push(2, 1014, 1)
	if r.count != 1 || r.read(1, 1013, 1) != nil {
		t.Error("the ring spans two epochs")
	}
}

func TestCache(t *testing.T) {
	c := newCache(3 * (sessionOverhead + 11))
	for i := range 5 {
		s := &session{key: fmt.Sprint(i), durable: state{payload: make([]byte, 10)}}
		if i == 0 {
			s.ahead = 1
		}
		c.put(s)
		c.get("1")
	}
	var left []string
	for i := range 5 {
		if c.get(fmt.Sprint(i)) != nil {
			left = append(left, fmt.Sprint(i))
		}
	}
	if got := strings.Join(left, " "); got != "0 1 4" { // 0 is ahead of the store, 1 was used, 4 is the newest
		t.Errorf("kept %s", got)
	}
	s := c.get("1")
	s.durable.payload = make([]byte, 10_000)
	c.charge(s)
	c.get("0").ahead = 0
	c.get("1")
	c.charge(s)
	if len(c.sessions) != 1 || c.bytes != s.size() {
		t.Errorf("%d sessions of %d bytes, want only the one of %d", len(c.sessions), c.bytes, s.size())
	}
}

// tile: whatever entries are missing, events and gaps cover every number once and in order (S1).
func FuzzTile(f *testing.F) {
	f.Add(uint64(1), []byte{0b1011}, uint8(4))
	f.Add(uint64(7), []byte{0, 255}, uint8(20))
	f.Fuzz(func(t *testing.T, from uint64, bits []byte, extra uint8) {
		from = from%1000 + 1
		bits = bits[:min(len(bits), 32)]
		var entries []entry
		there := map[uint64]bool{}
		for i := range len(bits) * 8 {
			if bits[i/8]&(1<<(i%8)) != 0 {
				n := from + uint64(i)
				there[n] = true
				entries = append(entries, entry{n: n, snap: &pelton.Snapshot{ID: n}})
			}
		}
		upTo := from + uint64(extra)
		p := position{epoch: 1, next: from}
		events, stopped := p.tile(entries, upTo, true)
		if stopped {
			t.Fatal("stopped although gaps are declared")
		}
		at := from
		for _, e := range events {
			if e.Kind == KindGap {
				if e.Gap.From.ID+1 != at || e.Gap.To.ID < at || e.Gap.Reason != Trimmed {
					t.Fatalf("gap %+v at %d", e.Gap, at)
				}
				for ; at <= e.Gap.To.ID; at++ {
					if there[at] {
						t.Fatalf("S1: %d is declared missing", at)
					}
				}
			} else if e.Snapshot.ID != at || !there[at] {
				t.Fatalf("S1: snapshot %d at %d", e.Snapshot.ID, at)
			} else {
				at++
			}
			if e.Cursor.ID != at-1 {
				t.Fatalf("cursor %s at %d", e.Cursor, at)
			}
		}
		if at != p.next || (at <= upTo && at != from) || at < from {
			t.Fatalf("covered up to %d, next is %d, want behind %d", at, p.next, upTo)
		}

		q := position{epoch: 1, next: from}
		events, stopped = q.tile(entries, upTo, false)
		for i, e := range events {
			if e.Kind != KindSnapshot || e.Snapshot.ID != from+uint64(i) {
				t.Fatalf("S1: not declared, event %d is %+v", i, e)
			}
		}
		if !stopped && q.next <= upTo {
			t.Fatal("S1: a hole was neither declared nor reported")
		}
	})
}

func TestMarkOrder(t *testing.T) {
	order := []mark{{}, {1, 1, false}, {1, 2, false}, {1, 2, true}, {2, 1, false}, {2, 1, true}}
	for i, a := range order {
		for j, b := range order {
			if a.behind(b) != (i < j) {
				t.Errorf("%v behind %v: %v", a, b, i >= j)
			}
		}
	}
}

func TestStep(t *testing.T) {
	tests := []struct {
		p    position
		m    mark
		want step
	}{
		{position{}, mark{}, stepWait},
		{position{}, mark{1, 1, false}, stepBegin},
		{position{floor: 1}, mark{1, 9, true}, stepWait},
		{position{floor: 1}, mark{2, 9, true}, stepBegin}, // a whole life passed unseen: it is told of
		{position{epoch: 1, next: 2}, mark{1, 1, false}, stepWait},
		{position{epoch: 1, next: 2}, mark{1, 2, false}, stepRead},
		{position{epoch: 1, next: 2}, mark{1, 2, true}, stepRead},
		{position{epoch: 1, next: 3}, mark{1, 2, true}, stepEnded},
		{position{epoch: 1, next: 3, ended: true}, mark{1, 2, true}, stepWait},
		{position{epoch: 1, next: 3, ended: true}, mark{2, 1, false}, stepReset},
		{position{epoch: 3, next: 3}, mark{2, 1, false}, stepReset},
		{position{epoch: 3, next: 3}, mark{}, stepWait},
	}
	for _, test := range tests {
		if got := test.p.step(test.m); got != test.want {
			t.Errorf("%+v at %+v: step %d, want %d", test.p, test.m, got, test.want)
		}
	}
}
