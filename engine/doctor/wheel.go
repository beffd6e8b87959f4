package doctor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/peltonhq/pelton/api"
)

// wheel looks at the running wheel, and reports whether there is one.
func (e *examination) wheel(ctx context.Context) bool {
	if e.o.Wheel == nil {
		return false
	}
	s, err := e.o.Wheel.Stats(ctx)
	var answer *api.Error
	switch {
	case errors.As(err, &answer) && answer.Code == api.Unavailable:
		e.addf(OK, "wheel", "none runs at this address")
		return false
	case err != nil:
		e.addf(Bad, "wheel", "it does not tell its figures: %v", err)
		return true
	}
	if s.Paused != "" {
		e.addf(Warn, "wheel", "version %s is up for %s and paused: %s", s.Version, s.Uptime.Round(time.Second), s.Paused)
	} else {
		e.addf(OK, "wheel", "version %s is up for %s", s.Version, s.Uptime.Round(time.Second))
	}
	e.boxes(&s)
	e.lot(ctx, &s)
	return true
}

// boxes reports those that do not work.
func (e *examination) boxes(s *api.Stats) {
	if s.Store.Full {
		e.addf(Bad, "store", "it is full: %s", s.Store.Reason)
	}
	for i := range s.Sources {
		if r := &s.Sources[i]; r.State == "failed" || r.State == "paused" {
			e.addf(stateOf(r.State), "source", "%s is %s: %s", r.Name, r.State, r.Reason)
		}
	}
	for i := range s.Plugins {
		if p := &s.Plugins[i]; p.State != "running" {
			e.addf(stateOf(p.State), "plugin", "%s is %s%s", p.Name, p.State, because(p.Waiting.Stopped))
		}
	}
	for i := range s.Sessions {
		if x := &s.Sessions[i]; x.HeldBy != "" {
			e.addf(Warn, "session", "%s: %s", x.Name, x.HeldBy)
		}
	}
	for i := range s.Sinks {
		if k := &s.Sinks[i]; k.State != "running" {
			e.addf(stateOf(k.State), "sink", "%s is %s: %s", k.Name, k.State, k.LastError)
		}
	}
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

func stateOf(state string) State {
	if state == "failed" || state == "stopped" {
		return Bad
	}
	return Warn
}

// pages is how many of a list are looked through.
const pages = 20

// lot reports what was given up, and what waits for plugins that are not there any more.
func (e *examination) lot(ctx context.Context, s *api.Stats) {
	if s.Lot.Dead > 0 {
		e.addf(Warn, "dead", "%d dead letters: see `pelton dead list`", s.Lot.Dead)
	}
	plugins, err := e.o.Wheel.Plugins(ctx)
	if err != nil {
		e.addf(Bad, "wheel", "it does not tell its plugins: %v", err)
		return
	}
	known := map[string]bool{"": true}
	for i := range plugins {
		known[plugins[i].Name] = true
	}
	dead, err := strangers(known, func(after string) ([]api.DeadLetter, string, error) {
		return e.o.Wheel.Dead(ctx, api.DeadQuery{After: after})
	}, func(d *api.DeadLetter) string { return d.Plugin })
	e.unknown("dead", "dead letters", dead, err)
	parked, err := strangers(known, func(after string) ([]api.Parked, string, error) {
		return e.o.Wheel.Parked(ctx, api.ParkedQuery{After: after})
	}, func(p *api.Parked) string { return p.Plugin })
	e.unknown("parked", "parked deliveries", parked, err)
}

func (e *examination) unknown(what, of string, counts map[string]int, err error) {
	if err != nil {
		e.addf(Bad, what, "the %s can't be listed: %v", of, err)
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		e.addf(Warn, what, "%s: of plugin %q, which the config does not have; give it back, or see `pelton %s drop --plugin %s`",
			fmt.Sprintf("%d %s", counts[name], of), name, what, name)
	}
}

// strangers counts the rows of plugins that are not known, by plugin.
func strangers[T any](known map[string]bool, page func(after string) ([]T, string, error), plugin func(*T) string) (map[string]int, error) {
	counts := map[string]int{}
	after := ""
	for range pages {
		rows, next, err := page(after)
		if err != nil {
			return counts, err
		}
		for i := range rows {
			if name := plugin(&rows[i]); !known[name] {
				counts[name]++
			}
		}
		if after = next; after == "" {
			break
		}
	}
	return counts, nil
}
