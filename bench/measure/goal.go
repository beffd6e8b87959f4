package measure

import (
	"fmt"
	"io"
	"strings"
)

// goal is a figure that was aimed at.
type goal struct {
	what, want, got string
	met             bool
}

// brief is a line of the short table.
type brief struct{ what, figures string }

// AtLeast notes a figure that should not be under want.
func (o *Options) AtLeast(what string, got, want float64, unit string) {
	o.goals = append(o.goals, goal{what, "≥ " + Number(want) + unit, Number(got) + unit, got >= want})
}

// AtMost notes a figure that should not be over want.
func (o *Options) AtMost(what string, got, want float64, unit string) {
	o.goals = append(o.goals, goal{what, "≤ " + Number(want) + unit, Number(got) + unit, got <= want})
}

// Brief adds a line to the short table, which the README has too.
func (o *Options) Brief(what string, figures ...string) {
	o.briefs = append(o.briefs, brief{what, strings.Join(figures, " · ")})
}

// Summary writes what [Options.Brief] and the goals collected.
func (o *Options) Summary(w io.Writer) {
	if len(o.briefs) > 0 {
		fmt.Fprintf(w, "\n## In short\n")
		t := NewTable("what", "figures")
		for _, b := range o.briefs {
			t.Row(b.what, b.figures)
		}
		t.Write(w)
	}
	if len(o.goals) > 0 {
		fmt.Fprintf(w, "\n## Targets\n")
		t := NewTable("", "target", "here", "met")
		for _, g := range o.goals {
			t.Row(g.what, g.want, g.got, map[bool]string{true: "yes", false: "**no**"}[g.met])
		}
		t.Write(w)
	}
}
