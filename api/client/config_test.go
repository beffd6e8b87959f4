package client_test

import (
	"slices"
	"testing"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/delta"
)

func TestApply(t *testing.T) {
	t.Parallel()
	w, c := start(t)
	digest := "sha256:" + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	o := api.ApplyOptions{
		Text: []byte("sources: {}"), File: "next.yaml", Artifacts: map[string]string{"delays": digest}, PlanOnly: true,
		Hash: apitest.PlanHash, Who: "me", Why: "so",
	}
	p, err := c.Apply(t.Context(), o)
	ok(t, err)
	same(t, w.Applied[0], o)
	if p.Hash != apitest.PlanHash || len(p.Changes) != 1 || p.Changes[0].Fields[0] != (delta.Field{Path: "config.late_after", Old: "15", New: "30"}) || p.Drained[0] != "flights" {
		t.Errorf("%+v", p)
	}
	o.PlanOnly = false
	_, err = c.Apply(t.Context(), o)
	ok(t, err)
	running, err := c.Config(t.Context())
	ok(t, err)
	same(t, running, api.RunningConfig{Text: "sources: {}", Hash: "sha256:running", File: "pelton.yaml"})

	o.Hash = "sha256:other"
	_, err = c.Apply(t.Context(), o)
	is(t, err, api.FailedPrecondition, "does not hold")
	_, err = c.Apply(t.Context(), api.ApplyOptions{Text: []byte("bad")})
	is(t, err, api.InvalidArgument, "config:1:1: bad")
	_, err = c.Apply(t.Context(), api.ApplyOptions{Artifacts: map[string]string{"delays": "12"}})
	is(t, err, api.InvalidArgument, "plugin delays", "digest")
}

func TestEvents(t *testing.T) {
	t.Parallel()
	w, c := start(t)
	w.Happened = []delta.Event{
		{Seq: 1, Time: time.Unix(1, 0).UTC(), Kind: "paused", Level: "warn", Source: "flights", Text: "source flights paused: full"},
		{Seq: 2, Time: time.Unix(2, 0).UTC(), Kind: "swapped", Level: "error", Plugin: "delays", Revision: 2, Text: "plugin delays: revision 2 rolled back: trap"},
	}
	for _, q := range []struct {
		after uint64
		limit int
		want  []delta.Event
	}{{0, 0, w.Happened}, {1, 10, w.Happened[1:]}, {0, 1, w.Happened[1:]}, {2, 0, nil}} {
		events, err := c.Events(t.Context(), q.after, q.limit)
		ok(t, err)
		if !slices.Equal(events, q.want) {
			t.Errorf("after %d, %d of them: %+v, want %+v", q.after, q.limit, events, q.want)
		}
	}
	_, err := c.Events(t.Context(), 0, -1)
	is(t, err, api.InvalidArgument, "limit -1")
}
