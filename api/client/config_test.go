package client_test

import (
	"testing"

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
