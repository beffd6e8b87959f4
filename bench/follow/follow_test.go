package follow

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/bench/measure"
)

// Every contestant gives every message to every follower, at both kinds of pace: run checks it.
func TestContestants(t *testing.T) {
	for _, who := range contestants {
		for name, every := range map[string]time.Duration{"paced": time.Millisecond, "full speed": 0} {
			t.Run(who.name+", "+name, func(t *testing.T) {
				r, err := run(who, course{followers: 7, span: 60 * time.Millisecond, every: every})
				if err != nil {
					t.Fatal(err)
				}
				if r.messages == 0 || r.cpu <= 0 || r.wall <= 0 || r.latencies[0] <= 0 {
					t.Errorf("%d messages, %s of the processor in %s, latencies from %s", r.messages, r.cpu, r.wall, r.latencies[0])
				}
			})
		}
	}
}

// Stamps are found whatever is around them and wherever what came was cut.
func TestScanner(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var text []byte
	for n := uint64(1); n <= 300; n++ {
		text = append(text, strings.Repeat(`{"a`, random.IntN(9))...)
		if m := message(n); len(m) != size {
			t.Fatalf("a message has %d bytes", len(m))
		} else {
			text = append(text, m...)
		}
	}
	last := uint64(0)
	s := &scanner{seen: func(n uint64, at time.Time) error {
		if n != last+1 || time.Since(at) > time.Hour {
			t.Fatalf("%d of %s behind %d", n, at, last)
		}
		last = n
		return nil
	}}
	for len(text) > 0 {
		n := min(len(text), 1+random.IntN(400))
		if err := s.feed(text[:n]); err != nil {
			t.Fatal(err)
		}
		text = text[n:]
	}
	if last != 300 {
		t.Errorf("%d stamps were found", last)
	}
	if err := s.feed(bytes.Replace(message(301), []byte("0"), []byte("~"), 1)); !errors.Is(err, errStamp) {
		t.Errorf("a broken stamp: %v", err)
	}
}

// A follower that misses a message ends the run.
func TestMissing(t *testing.T) {
	p, err := start(ourSSE)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	c, err := gather(p.address, overSSE(0), 2, 4<<10)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	c.members[1].last.Store(5)
	if _, err := publish(p, c, 20*time.Millisecond, time.Millisecond); err == nil || !strings.Contains(err.Error(), "was given message 1 behind 5") {
		t.Errorf("%v", err)
	}
}

func TestUnknown(t *testing.T) {
	if _, err := start("nobody"); err == nil || !strings.Contains(err.Error(), `there is no contestant "nobody"`) {
		t.Errorf("%v", err)
	}
}

func TestRoom(t *testing.T) {
	if n, err := room(100); err != nil || n != 100 {
		t.Errorf("%d of 100, %v", n, err)
	}
	if n, err := room(1 << 30); err == nil || !strings.Contains(err.Error(), "ulimit -n") {
		t.Errorf("%d of a billion, %v", n, err)
	}
}

// The tables are whole.
func TestRun(t *testing.T) {
	var out strings.Builder
	all := contestants
	defer func() { contestants = all }()
	contestants = slices.Concat(all[:5], all[6:7], all[8:])
	o := &measure.Options{Out: &out, Log: t.Output(), Quick: true}
	if err := Run(o); err != nil {
		t.Fatal(err)
	}
	o.Summary(&out)
	if n := strings.Count(out.String(), "| Followers, "); n != 8 || strings.Contains(out.String(), "| – |") {
		t.Errorf("%d targets, want 8, all with a figure:\n%s", n, out.String())
	}
	for _, row := range []string{"| " + ourSSE + " |", "| " + theirs + " |"} {
		if n := strings.Count(out.String(), row); n != 3 {
			t.Errorf("%d rows %s, want one in each of 3 tables:\n%s", n, row, out.String())
		}
	}
}
