package session

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/session/internal/recent"
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

func TestCache(t *testing.T) {
	c := recent.New[*session](3 * (sessionOverhead + 11))
	for i := range 5 {
		s := &session{key: fmt.Sprint(i), durable: state{payload: make([]byte, 10)}}
		if i == 0 {
			s.ahead = 1
		}
		c.Put(s)
		c.Get("1")
	}
	var left []string
	for i := range 5 {
		if _, ok := c.Get(fmt.Sprint(i)); ok {
			left = append(left, fmt.Sprint(i))
		}
	}
	if got := strings.Join(left, " "); got != "0 1 4" { // 0 is ahead of the store, 1 was used, 4 is the newest
		t.Errorf("kept %s", got)
	}
	s, _ := c.Get("1")
	s.durable.payload = make([]byte, 10_000)
	c.Charge(s)
	zero, _ := c.Get("0")
	zero.ahead = 0
	c.Get("1")
	c.Charge(s)
	if len(slices.Collect(c.All())) != 1 || c.Bytes() != s.Size() {
		t.Errorf("%d sessions of %d bytes, want only the one of %d", len(slices.Collect(c.All())), c.Bytes(), s.Size())
	}
}
