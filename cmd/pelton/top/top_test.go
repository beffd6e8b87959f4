package top_test

import (
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/cmd/pelton/top"
)

// begin is when the figures of the tests start.
var begin = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// figures are those of a wheel after so many seconds, at 100 messages a second from a and 5 from b.
func figures(seconds uint64) *api.Stats {
	return &api.Stats{
		Time: begin.Add(time.Duration(seconds) * time.Second), Uptime: time.Duration(seconds) * time.Second,
		Sources: []api.SourceStats{
			{Name: "b", State: "paused", Reason: "plugin/p is slower", Messages: 5 * seconds, Lanes: []api.LaneStats{{InFlight: 3}, {InFlight: 4}}},
			{Name: "a", State: "running", Messages: 100 * seconds},
		},
		Arenas:  []api.ArenaStats{{Name: "b", Size: 200, Used: 50}},
		Plugins: []api.PluginStats{{Name: "p", State: "running", Revision: 3, Deliveries: 105 * seconds, Faults: map[string]uint64{"trap": 1, "timeout": 2}, Usage: api.Usage{BusyNs: 105 * seconds * 2000, Memory: 1 << 20}}},
		Lot:     api.LotStats{Dead: 2, Parked: 7},
		Store:   api.StoreStats{Bytes: 1 << 20, MaxBytes: 1 << 30},
	}
}

func plain(word string) string { return word }

func frame(order top.Order, all ...*api.Stats) string {
	var r top.Rates
	for _, s := range all {
		r.Add(s)
	}
	return top.Frame(&r, order, plain)
}

// has checks that a line of the frame has these words, in their order.
func has(t *testing.T, frame, words string) {
	t.Helper()
	for line := range strings.Lines(frame) {
		if strings.Join(strings.Fields(line), " ") == words {
			return
		}
	}
	t.Errorf("no line is %q:\n%s", words, frame)
}

func TestFrame(t *testing.T) {
	t.Parallel()
	shown := frame(top.ByConfig, figures(10), figures(12))
	for _, line := range []string{
		"wheel running up 12s, 0 B resident, 0 goroutines",
		"store 1.0 MiB of 1.0 GiB 0 B free",
		"waiting 2 dead 7 parked",
		"b paused 5.0/s 60 7 25% 0 plugin/p is slower",
		"a running 100/s 1200 0 - 0",
		"p running 3 105/s 0 0 0 0 0 3 2µs 1.0 MiB",
	} {
		has(t, shown, line)
	}
	if strings.Contains(shown, "SINK") {
		t.Errorf("a table without rows:\n%s", shown)
	}
	first := frame(top.ByConfig, figures(10))
	has(t, first, "a running - 1000 0 - 0")
	if empty := frame(top.ByConfig); !strings.Contains(empty, "No figures") {
		t.Errorf("without figures: %q", empty)
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	for order, want := range map[top.Order]string{top.ByConfig: "b a", top.ByRate: "a b", top.ByName: "a b"} {
		shown := frame(order, figures(10), figures(12))
		a, b := strings.Index(shown, "\na "), strings.Index(shown, "\nb ")
		if got := map[bool]string{true: "a b", false: "b a"}[a < b]; got != want {
			t.Errorf("by %v: %s, want %s", order, got, want)
		}
		if back, err := top.OrderOf(order.String()); back != order || err != nil {
			t.Errorf("OrderOf(%v) = %v, %v", order, back, err)
		}
	}
	if _, err := top.OrderOf("size"); err == nil || !strings.Contains(err.Error(), "config, rate, name") {
		t.Errorf("an order that is none: %v", err)
	}
}

// A rate is taken over the last seconds, and never over a restart, after which counters count from zero.
func TestRates(t *testing.T) {
	t.Parallel()
	old, fresh := figures(1), figures(100)
	fresh.Sources[1].Messages = old.Sources[1].Messages // nothing came meanwhile
	after := *figures(102)
	after.Sources = []api.SourceStats{{Name: "a", Messages: fresh.Sources[1].Messages + 20}}
	has(t, frame(top.ByConfig, old, fresh, figures(99), &after), "a 10/s 120 0 - 0")

	again := figures(3)
	again.Time = begin.Add(200 * time.Second)
	has(t, frame(top.ByConfig, fresh, again), "a running - 300 0 - 0")
}
