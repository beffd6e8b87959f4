package apitest

import (
	"context"
	"strings"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/delta"
)

// Config is what runs, and what was applied.
type Config struct {
	Text    string
	Applied []api.ApplyOptions

	Happened []delta.Event
}

// Events is what happened behind an event.
func (w *Wheel) Events(after uint64) []delta.Event {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	return w.Happened[min(int(after), len(w.Happened)):]
}

// PlanHash is that of every plan of the fake.
const PlanHash = "sha256:plan"

// Apply implements [api.Configs]: a text with "bad" in it is refused.
func (w *Wheel) Apply(_ context.Context, o api.ApplyOptions) (delta.Plan, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	w.Applied = append(w.Applied, o)
	switch {
	case strings.Contains(string(o.Text), "bad"):
		return delta.Plan{}, api.Errorf(api.InvalidArgument, "%s:1:1: bad", o.File)
	case o.Hash != "" && o.Hash != PlanHash:
		return delta.Plan{}, api.Errorf(api.FailedPrecondition, "the plan does not hold any more")
	case !o.PlanOnly:
		w.Text = string(o.Text)
	}
	return delta.Plan{
		Hash: PlanHash, Drained: []string{"flights"},
		Changes: []delta.Change{{
			Op: delta.OpChange, Kind: "plugin", Name: "delays", Effect: delta.EffectSwap, Does: "swapped",
			Fields: []delta.Field{{Path: "config.late_after", Old: "15", New: "30"}},
		}},
	}, nil
}

// Running implements [api.Configs].
func (w *Wheel) Running(context.Context) (api.RunningConfig, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	return api.RunningConfig{Text: w.Text, Hash: "sha256:running", File: "pelton.yaml"}, nil
}
