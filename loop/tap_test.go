package loop_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/internal/tap"
)

func openTap(t *testing.T, h *tap.Hub, node tap.Node) *tap.Tap {
	t.Helper()
	opened, err := h.Open(tap.Options{Node: node, Payload: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(opened.Close)
	return opened
}

// lines are the samples of a tap, a line each.
func lines(opened *tap.Tap) string {
	samples, _ := opened.Take()
	all := make([]string, len(samples))
	for i := range samples {
		s := &samples[i]
		all[i] = strings.TrimPrefix(s.ID, "s/i/l/") + " " + string(s.Key) + " " + string(s.Payload)
		if d := s.Decided; d != nil {
			all[i] += fmt.Sprintf(" %s%s #%d r%d %d", d.Verdict, d.Fault, d.Attempt, d.Revision, len(d.Emits))
			for _, e := range d.Emits {
				all[i] += " " + e.Output + "=" + string(e.Payload)
			}
		}
	}
	return strings.Join(all, "\n")
}

// Each node shows what passes it; what is shown stays as it was when the arena is used again (S3).
func TestTap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 4, func(m *native.Message, out *native.Out) pelton.Verdict {
			switch {
			case m.Meta().Position == step && m.Attempt() == 1:
				out.Emit("", m.Key(), []byte("discarded"))
				return pelton.Retry(time.Second)
			case m.Meta().Position == 2*step:
				return pelton.Dead("no")
			}
			return echo(m, out)
		})
		w.lane.make = func(i int) (key, payload string) { return fmt.Sprint("k", i), fmt.Sprint("p", i) }
		w.to(0)
		h := tap.New(tap.Limits{Open: 9, Buffer: 1 << 20, Rate: 1000})
		w.options.Tap = h
		source := openTap(t, h, tap.Node{Kind: tap.Source, Name: "s"})
		plugin := openTap(t, h, tap.Node{Kind: tap.Plugin, Name: "a"})
		output := openTap(t, h, tap.Node{Kind: tap.Plugin, Name: "a", Output: pelton.DefaultOutput})
		other := openTap(t, h, tap.Node{Kind: tap.Plugin, Name: "b"})
		target := openTap(t, h, tap.Node{Kind: tap.Sink, Name: w.graph.Targets[0].Name})
		w.start()
		w.settle()
		w.pass(5 * time.Second)
		for _, c := range []struct {
			name string
			tap  *tap.Tap
			want string
		}{
			{"source", source, "0 k0 p0\n10 k1 p1\n20 k2 p2\n30 k3 p3"},
			{"plugin", plugin, "0 k0 p0 ack #1 r1 1 default=p0\n10 k1 p1 retry #1 r1 1 default=discarded\n20 k2 p2 dead #1 r1 0\n30 k3 p3 ack #1 r1 1 default=p3\n10 k1 p1 ack #2 r1 1 default=p1"},
			{"output", output, "0/a#0 k0 p0\n30/a#0 k3 p3\n10/a#0 k1 p1"},
			{"other", other, ""},
		} {
			if got := lines(c.tap); got != c.want {
				t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
			}
		}
		if got := lines(target); strings.Count(got, "\n") != 2 || !strings.Contains(got, "10/a#0") {
			t.Errorf("target:\n%s", got)
		}
		w.close()
	})
}
