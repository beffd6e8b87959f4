package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/time/rate"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/cmd/pelton/bar"
	"github.com/peltonhq/pelton/engine/config/unit"
	"github.com/spf13/cobra"
)

// replayPage is how many dead letters are asked for at once.
const replayPage = 100

// replay is one `pelton dead replay` on its way through what a query selects.
type replay struct {
	app    *app
	wheel  *client.Client
	query  api.DeadQuery
	opts   api.ReplayOptions
	rate   float64 // letters a second; 0 for as fast as it goes
	result api.ReplayResult
}

func (a *app) deadReplay() *cobra.Command {
	var q api.DeadQuery
	var o api.ReplayOptions
	var pace string
	c := &cobra.Command{
		Use:   "replay [ID…]",
		Short: "Offer dead letters again",
		Long: `Offer dead letters again, to the plugin or target that gave them up and to no other: those
with the IDs, or all that the flags select, or all, the oldest failure first. What fails again
becomes a dead letter again, with its first failure and the number of its replays, and after
limits.replays of them it needs --force, as does one that a replay has settled. Interrupted,
it leaves the rest as it is: the same command goes on with them. It does not wait for the
outcome: ` + "`pelton dead list`" + ` shows what became of them.`,
		Example: `  pelton dead replay 1hk2m3
  pelton dead replay --plugin delays --dry-run
  pelton dead replay --plugin delays --rate 100/s`,
		RunE: func(c *cobra.Command, ids []string) error {
			perSecond, err := paceOf(pace)
			if err != nil {
				return err
			}
			return a.call(func(w *client.Client) error {
				r := replay{app: a, wheel: w, query: q, opts: o, rate: perSecond}
				return r.run(c.Context(), ids)
			})
		},
	}
	a.deadFlags(c, &q)
	c.Flags().BoolVar(&o.DryRun, "dry-run", false, "only say what would be replayed")
	c.Flags().BoolVar(&o.Force, "force", false, "also those that a replay has settled, or that failed again too often")
	c.Flags().StringVar(&pace, "rate", "", "at most so many, for example 100/s")
	return a.jsonFlag(c)
}

func paceOf(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	r, err := unit.ParseRate(text)
	if err != nil || r <= 0 {
		return 0, usagef("--rate %q: want a number of dead letters in a time, for example 100/s or 30/m", text)
	}
	return r.PerSecond(), nil
}

func (r *replay) run(ctx context.Context, ids []string) error {
	r.result.Skipped = []api.Skipped{}
	if len(ids) > 0 || r.opts.DryRun {
		return r.whole(ctx, ids)
	}
	dry := r.opts
	dry.DryRun = true
	all, err := r.wheel.Replay(ctx, nil, r.query, dry)
	if err != nil {
		return err
	}
	r.result.Skipped = append(r.result.Skipped, all.Skipped...)
	err = r.pages(ctx, all.Replayed)
	switch {
	case err != nil && ctx.Err() != nil:
		r.app.notef("pelton: interrupted after %d of %s; the same command goes on with the rest", r.result.Replayed, letters(all.Replayed))
		return &coded{code: exitFailure}
	case err != nil:
		return fmt.Errorf("after %d of %s: %w", r.result.Replayed, letters(all.Replayed), err)
	}
	return r.app.replayed(r.result, false)
}

// whole asks for all of it at once.
func (r *replay) whole(ctx context.Context, ids []string) error {
	result, err := r.wheel.Replay(ctx, ids, r.query, r.opts)
	if err != nil {
		return err
	}
	return r.app.replayed(result, r.opts.DryRun)
}

// pages replays what the query selects, page by page. What fails again meanwhile failed after the start, and is left.
func (r *replay) pages(ctx context.Context, total int) error {
	now, err := r.wheel.Stats(ctx)
	if err != nil {
		return err
	}
	q := r.query
	if q.Until.IsZero() || now.Time.Before(q.Until) {
		q.Until = now.Time
	}
	limit, q := r.limiter(q)
	shown := bar.None()
	if !r.app.json && terminal(r.app.err) {
		shown = bar.New(r.app.err)
	}
	defer shown.Close()
	for {
		page, next, err := r.wheel.Dead(ctx, q)
		if err != nil {
			return err
		}
		if err := r.page(ctx, limit, page); err != nil {
			return err
		}
		shown.Set(uint64(r.result.Replayed), uint64(total))
		if q.After = next; next == "" {
			return nil
		}
	}
}

// limiter bounds the rate, and the page to what a second lets through.
func (r *replay) limiter(q api.DeadQuery) (*rate.Limiter, api.DeadQuery) {
	q.Limit = replayPage
	if r.rate <= 0 {
		return rate.NewLimiter(rate.Inf, replayPage), q
	}
	q.Limit = max(1, min(replayPage, int(math.Ceil(r.rate/10))))
	return rate.NewLimiter(rate.Limit(r.rate), q.Limit), q
}

// page replays those of a page that can be: what can't was said by the dry run.
func (r *replay) page(ctx context.Context, limit *rate.Limiter, page []api.DeadLetter) error {
	var ids []string
	for i := range page {
		if d := &page[i]; d.Kind != api.DeadFrame && (d.State == api.DeadStateDead || d.State == api.DeadStateSettled && r.opts.Force) {
			ids = append(ids, d.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if err := limit.WaitN(ctx, len(ids)); err != nil {
		return errors.Join(err, ctx.Err())
	}
	result, err := r.wheel.Replay(ctx, ids, api.DeadQuery{}, r.opts)
	r.result.Replayed += result.Replayed
	return err
}

func (a *app) replayed(r api.ReplayResult, dryRun bool) error {
	if a.json {
		r.Skipped = list(r.Skipped)
		return a.printJSON(r)
	}
	verb := "replaying"
	if dryRun {
		verb = "would replay"
	}
	a.printf("%s %s\n", verb, letters(r.Replayed))
	for _, s := range r.Skipped[:min(len(r.Skipped), skippedShown)] {
		a.notef("pelton: %s is left as it is: %s", s.ID, s.Reason)
	}
	if more := len(r.Skipped) - skippedShown; more > 0 {
		a.notef("pelton: at least %d more are left as they are; --json names them, up to 1000", more)
	}
	return nil
}

// skippedShown is how many of those that are left are named; --json names all.
const skippedShown = 20

// timeFlag is a flag of a time: RFC 3339, or a duration before now.
type timeFlag struct{ at *time.Time }

// String implements pflag.Value.
func (f timeFlag) String() string {
	if f.at == nil || f.at.IsZero() {
		return ""
	}
	return f.at.Format(time.RFC3339)
}

// Type implements pflag.Value.
func (f timeFlag) Type() string { return "time" }

// Set implements pflag.Value.
func (f timeFlag) Set(text string) error {
	at, err := time.Parse(time.RFC3339, text)
	if d, bad := time.ParseDuration(text); bad == nil {
		at, err = time.Now().Add(-d), nil
	}
	if err != nil {
		return errors.New("want a time such as 2026-11-27T09:00:00Z, or how long ago, for example 90m (in the future: -90m)")
	}
	*f.at = at.UTC()
	return nil
}
