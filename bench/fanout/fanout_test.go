package fanout

import (
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/bench/measure"
)

// Every contestant delivers every message once to every handler, at both kinds of pace: run checks it.
func TestContestants(t *testing.T) {
	for _, who := range contestants {
		for name, c := range map[string]course{
			"full speed": {handlers: 3, size: 256, span: 5 * time.Millisecond},
			"large":      {handlers: 2, size: 16 << 10, span: 5 * time.Millisecond},
			"paced":      {handlers: 4, size: 64, span: 5 * time.Millisecond, rate: 20_000},
		} {
			t.Run(who.name+", "+name, func(t *testing.T) {
				r, err := run(who, c)
				if err != nil {
					t.Fatal(err)
				}
				if c.rate > 0 && (len(r.latencies) != r.messages || r.latencies[0] <= 0) {
					t.Errorf("%d latencies from %v on of %d messages", len(r.latencies), r.latencies[0], r.messages)
				}
			})
		}
	}
}

// A contestant that loses a message, or gives one twice, is caught.
func TestCheck(t *testing.T) {
	for name, more := range map[string]int{"lost": 0, "twice": 2} {
		cheat := contestant{name, other, func(r *race) error {
			return r.produce(func(seq uint64) error {
				r.admit(seq)
				times := 1
				if seq == 1 {
					times = more
				}
				for range times {
					r.handle(0, r.stamp(seq))
				}
				r.ack(seq)
				return nil
			}, nothing)
		}}
		if _, err := run(cheat, course{handlers: 1, size: 64, span: time.Millisecond}); err == nil || !strings.Contains(err.Error(), "missing or came twice") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The tables are whole.
func TestRun(t *testing.T) {
	var out, log strings.Builder
	all := contestants
	defer func() { contestants = all }()
	contestants = []contestant{all[0], all[1], all[6], all[len(all)-1]} // one of each kind
	o := &measure.Options{Out: &out, Log: &log, Quick: true}
	if err := Run(o); err != nil {
		t.Fatal(err)
	}
	o.Summary(&out)
	if n := strings.Count(out.String(), "| W1, "); n != 9*5+1 || strings.Contains(out.String(), "| – |") {
		t.Errorf("%d targets, want 46, all with a figure:\n%s", n, out.String())
	}
	if rows := strings.Count(out.String(), "| Pelton |"); rows != 10 {
		t.Errorf("%d rows of Pelton, want one in each of 10 tables:\n%s", rows, out.String())
	}
}
