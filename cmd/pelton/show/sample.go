package show

import (
	"fmt"
	"strings"

	"github.com/peltonhq/pelton/cmd/pelton/text"
	"github.com/peltonhq/pelton/internal/tap"
)

// Sample prints one message of a tap: a line for it, and one below for each of its emits.
func (l *Lines) Sample(s *tap.Sample) {
	head := clock(s.Seen) + "  " + l.key(s.HasKey, s.Key) + "  "
	used := 16 + l.keys
	d := s.Decided
	if d == nil {
		fmt.Fprintf(l.Out, "%s%s\n", l.dim(head[:14])+head[14:], l.fit(cut(s.Payload, s.Size), used))
		return
	}
	word := d.Verdict
	if d.Fault != "" {
		word = "fault"
	}
	facts := fmt.Sprintf("  #%d r%d %s", d.Attempt, d.Revision, pad(span(d.Took), 7))
	used += 5 + len(facts) + 2
	fmt.Fprintf(l.Out, "%s%s%s  %s\n", l.dim(head[:14])+head[14:], l.paint(word, pad(word, 5)), l.dim(facts), l.fit(cut(s.Payload, s.Size), used))
	indent := strings.Repeat(" ", 16+l.keys)
	if why := reason(d); why != "" {
		fmt.Fprintf(l.Out, "%s%s\n", indent, l.fit(why, len(indent)))
	}
	for i := range d.Emits {
		e := &d.Emits[i]
		to := "→ " + e.Output
		if e.HasKey {
			to += " " + text.Line(e.Key)
		}
		fmt.Fprintf(l.Out, "%s%s  %s\n", indent, to, l.fit(cut(e.Payload, e.Size), len(indent)+len(to)))
	}
}

// reason is why, how long, or until when.
func reason(d *tap.Decided) string {
	var parts []string
	for _, why := range []string{d.Fault, d.Reason} {
		if why != "" {
			first, _, _ := strings.Cut(why, "\n")
			parts = append(parts, first)
		}
	}
	if d.After > 0 {
		parts = append(parts, "for "+d.After.String())
	}
	if !d.Until.IsZero() {
		parts = append(parts, "until "+d.Until.Local().Format("2006-01-02 15:04:05")) //nolint:gosmopolitan // people read their own time
	}
	return strings.Join(parts, ", ")
}

// Left says what a tap left out; empty when nothing.
func Left(c tap.Counts) string {
	var parts []string
	if c.Limited > 0 {
		parts = append(parts, fmt.Sprintf("%d more passed and were left out by the rate", c.Limited))
	}
	if c.Full > 0 {
		parts = append(parts, fmt.Sprintf("%d were left out since they were taken too slowly (limits.tap_buffer)", c.Full))
	}
	return strings.Join(parts, "; ")
}
