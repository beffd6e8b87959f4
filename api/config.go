package api

import (
	"context"

	"github.com/peltonhq/pelton/api/delta"
)

// ApplyOptions say what is applied, and how.
type ApplyOptions struct {
	Text      []byte            // of the config file
	File      string            // its name in messages
	Artifacts map[string]string // digests of pushed code, by plugin: a config names paths, which are its sender's
	PlanOnly  bool              // change nothing
	Hash      string            // of the plan that was approved; empty for any
	Who, Why  string
}

// RunningConfig is what runs.
type RunningConfig struct {
	Text string `json:"text"` // as YAML, with defaults, without secrets
	Hash string `json:"hash"`
	File string `json:"file"` // that the wheel was started with; empty when it was built in Go
}

// The outcomes of an apply.
const (
	AppliedChanged   = "applied"
	AppliedUnchanged = "unchanged" // the wheel ran this config already
	AppliedRefused   = "refused"   // nothing was touched: a bad config, another hash, or it needs a restart
	AppliedFailed    = "failed"    // the wheel runs as before
)

// Apply makes a config the running one, or says what that would change; see [Configs].
func (s *Service) Apply(ctx context.Context, o ApplyOptions) (p delta.Plan, err error) {
	end, err := s.begin(ctx, "Apply", target{what: "config " + o.File, why: o.Why, claimed: o.Who})
	if err != nil {
		return delta.Plan{}, err
	}
	defer func() {
		if !o.PlanOnly { // that changes nothing
			end(err, "", p.Outline())
		}
	}()
	for name, digest := range o.Artifacts {
		if err := checkDigest(digest); err != nil {
			return delta.Plan{}, Errorf(InvalidArgument, "plugin %s: %v", name, err)
		}
	}
	if o.File == "" {
		o.File = "config"
	}
	o.Who = who(ctx, o.Who)
	p, err = s.b.Configs.Apply(ctx, o)
	p.Changes, p.Drained, p.Warnings = list(p.Changes), list(p.Drained), list(p.Warnings)
	return p, fail(err)
}

// Events gives what happened to the wheel behind an event by its number, the oldest first: the newest limit of what is kept.
func (s *Service) Events(ctx context.Context, after uint64, limit int) ([]delta.Event, error) {
	if err := s.allow(ctx, "Events", target{}); err != nil {
		return nil, err
	}
	limit, err := limited(limit)
	if err != nil {
		return nil, err
	}
	all := s.b.Events(after)
	return list(all[max(0, len(all)-limit):]), nil
}

// RunningConfig is the config that runs.
func (s *Service) RunningConfig(ctx context.Context) (RunningConfig, error) {
	if err := s.allow(ctx, "RunningConfig", target{}); err != nil {
		return RunningConfig{}, err
	}
	c, err := s.b.Configs.Running(ctx)
	return c, fail(err)
}
