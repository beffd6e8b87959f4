package show

import (
	"fmt"
	"strings"

	"github.com/peltonhq/pelton/engine/trial"
)

const failuresShown = 10 // of one case; --json has all

// Outcome prints how a test case went.
func (l *Lines) Outcome(o *trial.Outcome) {
	word := "ok"
	if !o.Passed {
		word = "FAIL"
	}
	messages := fmt.Sprintf("%d messages", o.Messages)
	if o.Messages == 1 {
		messages = "1 message"
	}
	note := ""
	if o.Updated {
		note = ", wrote " + o.Golden
	}
	fmt.Fprintf(l.Out, "%s  %s: %s %s\n", l.paint(word, pad(word, 4)), o.Plugin, o.Name, l.dim("("+messages+", "+span(o.Took)+note+")"))
	if o.Error != "" {
		fmt.Fprintf(l.Out, "      %s\n", strings.ReplaceAll(strings.TrimRight(o.Error, "\n"), "\n", "\n      "))
	}
	for i, f := range o.Failures {
		if i == failuresShown {
			fmt.Fprintf(l.Out, "      … and %d more messages; --json has them\n", len(o.Failures)-i)
			break
		}
		where := "      message " + fmt.Sprint(f.Message)
		if f.Key != "" {
			where += " (key " + f.Key + ")"
		}
		if f.Message == 0 {
			where = "      the case"
		}
		fmt.Fprintf(l.Out, "%s:\n", where)
		for _, line := range f.Lines {
			fmt.Fprintf(l.Out, "        %s\n", line)
		}
	}
}
