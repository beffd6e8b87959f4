package change

import (
	"fmt"
	"strings"

	"github.com/peltonhq/pelton/api/delta"
)

var signs = map[string]string{delta.OpAdd: "+", delta.OpChange: "~", delta.OpRemove: "-"}

// Text is a plan for people who are to approve it: each change with what it does, and the hash.
func Text(p *delta.Plan) string {
	if len(p.Changes) == 0 {
		return "no changes\n"
	}
	var text strings.Builder
	for i := range p.Changes {
		fmt.Fprintf(&text, "%s\n    %s\n", Line(&p.Changes[i]), p.Changes[i].Does)
	}
	if len(p.Drained) > 0 {
		fmt.Fprintf(&text, "lanes drained and opened again: %s\n", strings.Join(p.Drained, ", "))
	}
	fmt.Fprintf(&text, "plan %s\n", Short(p.Hash))
	return text.String()
}

// Lines are a plan for people, a line a change: "~ plugin delays: config.late_after 15 -> 30".
func Lines(p *delta.Plan) []string {
	lines := make([]string, len(p.Changes))
	for i := range p.Changes {
		lines[i] = Line(&p.Changes[i])
	}
	return lines
}

// Line is one change.
func Line(c *delta.Change) string {
	line := strings.TrimRight(signs[c.Op]+" "+c.Kind+" "+c.Name, " ")
	fields := make([]string, len(c.Fields))
	for i, f := range c.Fields {
		switch {
		case f.Old == "":
			fields[i] = fmt.Sprintf("%s = %s", f.Path, f.New)
		case f.New == "":
			fields[i] = fmt.Sprintf("%s %s removed", f.Path, f.Old)
		default:
			fields[i] = fmt.Sprintf("%s %s -> %s", f.Path, f.Old, f.New)
		}
	}
	if len(fields) > 0 {
		line += ": " + strings.Join(fields, ", ")
	}
	return line
}
