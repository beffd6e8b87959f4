package client_test

import (
	"errors"
	"testing"
	"time"

	"github.com/peltonhq/pelton/api"
)

// What operators do to a plugin goes over the wire and comes back as it is.
func TestOperate(t *testing.T) {
	t.Parallel()
	w, c := start(t)
	ctx := t.Context()
	w.ListOf = []api.Plugin{{Name: "delays", Kind: "wasm", State: "running", Revision: 1}}
	by := api.By{Who: "me", Why: "audit"}
	p, err := c.Pin(ctx, "delays", true, by)
	ok(t, err)
	same(t, *p.Pinned, api.Mark{Who: "me", Why: "audit"})
	p, err = c.Pin(ctx, "delays", false, by)
	ok(t, err)
	same(t, p.Pinned, (*api.Mark)(nil))
	p, err = c.Pause(ctx, "delays", true, by)
	ok(t, err)
	same(t, *p.Paused, api.Mark{Who: "me", Why: "audit", Park: true})
	p, err = c.Resume(ctx, "delays", by)
	ok(t, err)
	same(t, p.Paused, (*api.Mark)(nil))
	_, err = c.Pause(ctx, "delay", false, by)
	is(t, err, api.NotFound, `"delays"`)

	w.Revisions = []api.Revision{{Number: 1, Digest: "sha256:one"}, {Number: 2}}
	d, err := c.Diff(ctx, "delays", 1, 2)
	ok(t, err)
	same(t, d, api.Diff{Plugin: "delays", From: api.Revision{Number: 1}, To: api.Revision{Number: 2}, Config: "-a\n+b\n"})
	removal := api.Removal{Plugin: "delays", Revision: 1}
	removed, err := c.Remove(ctx, removal)
	ok(t, err)
	same(t, removed, api.Removed{Revisions: 1, Artifacts: 1})
	same(t, w.Removals, []api.Removal{removal})

	strategy := &api.Strategy{Kind: "canary", Percent: []float64{5, 25}, Hold: time.Minute}
	result, err := c.Swap(ctx, "delays", "", api.SwapOptions{Revision: 1, Strategy: strategy})
	ok(t, err)
	same(t, result.Digest, "sha256:one")
	same(t, w.Strategies, []*api.Strategy{strategy})
	_, err = c.Rollback(ctx, "delays", api.SwapOptions{Expect: 9})
	is(t, err, api.FailedPrecondition, "not 9 as expected")
}

// Logs are followed: the newest first, then each as it comes, none twice.
func TestLogs(t *testing.T) {
	t.Parallel()
	w, c := start(t)
	w.ListOf = []api.Plugin{{Name: "delays"}}
	w.Say("info", "zero")
	w.Say("warn", "one")
	w.Say("debug", "noise")
	w.Say("error", "two")
	lines, err := c.Logs(t.Context(), api.LogQuery{Plugin: "delays", Level: "warn", Tail: 1})
	ok(t, err)
	same(t, lines, []api.LogLine{{Seq: 4, Revision: 1, Level: "error", Text: "two"}})
	enough := errors.New("enough")
	var got []string
	err = c.WatchLogs(t.Context(), api.LogQuery{Plugin: "delays", Level: "info", Tail: 2}, func(lines []api.LogLine) error {
		for _, l := range lines {
			got = append(got, l.Text)
		}
		switch len(got) {
		case 2:
			w.Say("debug", "noise")
			w.Say("info", "three")
		case 3:
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Error(err)
	}
	same(t, got, []string{"one", "two", "three"})
	is(t, c.WatchLogs(t.Context(), api.LogQuery{Plugin: "delay"}, nil), api.NotFound, `"delays"`)
}
