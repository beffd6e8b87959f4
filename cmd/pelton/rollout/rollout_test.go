package rollout_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/cmd/pelton/rollout"
)

func TestFlags(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]*api.Strategy{
		"": nil,
		"--strategy canary --percent 5,25%,50 --hold 30s":            {Kind: "canary", Percent: []float64{5, 25, 50}, Hold: 30 * time.Second},
		"--strategy canary --keys a,b":                               {Kind: "canary", Keys: []string{"a", "b"}},
		"--strategy shadow --for 1m --max-diff 0.001 --then promote": {Kind: "shadow", For: time.Minute, MaxDiff: 0.001, Then: "promote"},
		"--hold 1m": {Hold: time.Minute},
	} {
		set := pflag.NewFlagSet("", pflag.ContinueOnError)
		flags := rollout.Add(set)
		if err := set.Parse(strings.Fields(line)); err != nil {
			t.Fatal(err)
		}
		got, err := flags.Strategy()
		if err == nil && got != nil && len(got.Keys) == 0 {
			got.Keys = nil
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", line, got, err)
		}
	}
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags := rollout.Add(set)
	if err := set.Parse([]string{"--percent", "a few"}); err != nil {
		t.Fatal(err)
	}
	if _, err := flags.Strategy(); err == nil || !strings.Contains(err.Error(), "--percent a few: want numbers") {
		t.Error(err)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	now := time.Unix(100, 0)
	r := &api.Rollout{
		Strategy: "canary", State: "canary", Revision: 7, Step: 2, Percent: 25, Until: now.Add(12 * time.Second),
		Figures: api.Figures{New: api.Sample{Deliveries: 10, Errors: 1}},
	}
	if got := rollout.Line(r, now); got != "revision 7: canary step 2 at 25%, 12s left; 10 deliveries, 1 errors" {
		t.Error(got)
	}
	s := &api.ShadowReport{
		Compared: 100, Skipped: 2, Verdicts: 1, Emits: 3,
		Samples: []api.ShadowDiff{{Key: "ORD", Position: "a/b/c/1", OldVerdict: "ack", NewVerdict: "dead", OldEmits: []string{"out ORD 1"}}},
	}
	r = &api.Rollout{Revision: 8, State: "shadow", Figures: api.Figures{Shadow: s}}
	if got := rollout.Line(r, now); got != "revision 8: shadow; 100 compared, 3 differ, 2 skipped" {
		t.Error(got)
	}
	want := "shadow: 100 compared, 2 skipped (2.0%); differ: 1 verdicts, 3 emits, 0 errors of the new version alone|  a/b/c/1 (key ORD): ack, then dead|    - out ORD 1"
	if got := strings.Join(rollout.Report(s), "|"); got != want {
		t.Error(got)
	}
	s.Samples = slices.Repeat(s.Samples, 7)
	if got := rollout.Report(s); len(got) != 1+5*2+1 || got[11] != "  and 2 more samples: pelton plugin history NAME --json" {
		t.Errorf("%q", got)
	}
	rows := rollout.Rows(&api.Figures{Old: api.Sample{Deliveries: 3, ErrorRate: 0.0123, P50: 1234 * time.Nanosecond, P99: 2345 * time.Microsecond, Memory: 3 << 20}})
	if got := strings.Join(rows[0], " "); got != "old 3 0 1.23% 0 0 1.23µs 2.35ms 3.0 MiB" || len(rows[0]) != len(strings.Fields(rollout.Header)) {
		t.Error(got)
	}
}
