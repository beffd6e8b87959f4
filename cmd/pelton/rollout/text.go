package rollout

import (
	"fmt"
	"strings"
	"time"

	"github.com/peltonhq/pelton/api"
)

// Event is one step of a swap under way, for programs.
type Event struct {
	Event  string `json:"event"` // rollout
	Plugin string `json:"plugin"`
	*api.Rollout
}

// Line is how far a swap has come, for people.
func Line(r *api.Rollout, now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "revision %d: %s", r.Revision, r.State)
	if r.Step > 0 {
		fmt.Fprintf(&b, " step %d", r.Step)
	}
	if r.Percent > 0 {
		fmt.Fprintf(&b, " at %s%%", number(r.Percent))
	}
	if left := r.Until.Sub(now); !r.Until.IsZero() && left > 0 {
		fmt.Fprintf(&b, ", %s left", left.Round(time.Second))
	}
	n := r.Figures.New
	if n.Deliveries > 0 {
		fmt.Fprintf(&b, "; %d deliveries, %d errors", n.Deliveries, n.Errors)
	}
	if s := r.Figures.Shadow; s != nil {
		fmt.Fprintf(&b, "; %d compared, %d differ", s.Compared, Differ(s))
		if s.Skipped > 0 {
			fmt.Fprintf(&b, ", %d skipped", s.Skipped)
		}
	}
	return b.String()
}

// Differ is how many messages were answered differently, at least: one may differ in several ways.
func Differ(s *api.ShadowReport) uint64 { return max(s.Verdicts, s.Emits, s.Errors) }

func number(f float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0") }

// Rows are the figures of both versions as a table under Header.
func Rows(f *api.Figures) [][]string {
	row := func(name string, s *api.Sample) []string {
		return []string{
			name, fmt.Sprint(s.Deliveries), fmt.Sprint(s.Errors), fmt.Sprintf("%.2f%%", 100*s.ErrorRate), fmt.Sprint(s.Traps), fmt.Sprint(s.Timeouts),
			span(s.P50), span(s.P99), fmt.Sprintf("%.1f MiB", float64(s.Memory)/(1<<20)),
		}
	}
	return [][]string{row("old", &f.Old), row("new", &f.New)}
}

// Header is that of Rows.
const Header = "VERSION DELIVERIES ERRORS RATE TRAPS TIMEOUTS P50 P99 MEMORY"

func span(d time.Duration) string {
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(10 * time.Nanosecond).String()
}

// reported is how many samples a report has in text.
const reported = 5

// Report is what a shadow found, line by line, with the first samples.
func Report(s *api.ShadowReport) []string {
	unseen := 100 * float64(s.Skipped) / float64(max(s.Compared+s.Skipped, 1))
	lines := []string{fmt.Sprintf("shadow: %d compared, %d skipped (%.1f%%); differ: %d verdicts, %d emits, %d errors of the new version alone",
		s.Compared, s.Skipped, unseen, s.Verdicts, s.Emits, s.Errors)}
	for _, d := range s.Samples[:min(len(s.Samples), reported)] {
		lines = append(lines, fmt.Sprintf("  %s (key %s): %s, then %s", d.Position, d.Key, d.OldVerdict, d.NewVerdict))
		for _, e := range d.OldEmits {
			lines = append(lines, "    - "+e)
		}
		for _, e := range d.NewEmits {
			lines = append(lines, "    + "+e)
		}
	}
	if more := len(s.Samples) - reported; more > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more samples: pelton plugin history NAME --json", more))
	}
	return lines
}
