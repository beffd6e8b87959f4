package show

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/peltonhq/pelton/engine/dev"
)

// Dev prints what happened to a plugin that is being worked on.
func (l *Lines) Dev(e *dev.Event) {
	switch e.Kind {
	case "watching":
		fmt.Fprintf(l.Out, "watching %s; save a file and see\n", short(e.Paths))
	case "waiting":
		fmt.Fprintf(l.Out, "%s the wheel does not start; save a change to try again\n%s", l.paint("error", "error"), l.located(e))
	case "config":
		fmt.Fprintf(l.Out, "%s the config is not applied; the wheel goes on with the one before\n%s", l.paint("error", "error"), l.located(e))
	case "restarts":
		fmt.Fprintf(l.Out, "the config has changed in what needs a restart: the wheel is started anew\n%s", indented(e.Lines))
	case "applied":
		fmt.Fprintf(l.Out, "the config has changed, and the wheel goes on with it\n%s", indented(e.Lines))
	case "broken":
		fmt.Fprintf(l.Out, "%s %s does not build; the version before goes on\n%s", l.paint("error", "error"), e.Plugin, l.located(e))
	case "same":
		fmt.Fprintf(l.Out, "%s: nothing has changed in what it builds to\n", e.Plugin)
	case "live":
		fmt.Fprintf(l.Out, "%s: revision %d is %s, %s after the save\n", e.Plugin, e.Revision, l.paint("live", "live"), span(e.Took))
	case "refused":
		fmt.Fprintf(l.Out, "%s: revision %d was %s; the version before goes on\n%s", e.Plugin, e.Revision, l.paint("dead", "rolled back"), l.located(e))
	case "compared":
		l.change(e)
	}
}

// change prints what another version makes of the same messages.
func (l *Lines) change(e *dev.Event) {
	if e.Err != nil {
		fmt.Fprintf(l.Out, "  the versions could not be compared: %v\n", e.Err)
		return
	}
	c := e.Change
	of := "of the last %d messages"
	if c.Recorded {
		of = "of the sample's %d messages"
	}
	if c.Changed == 0 {
		fmt.Fprintf(l.Out, "  "+of+" none comes out differently\n", c.Messages)
		return
	}
	fmt.Fprintf(l.Out, "  "+of+" %d come out differently\n", c.Messages, c.Changed)
	for _, o := range c.Outputs {
		if o.Before != o.After {
			fmt.Fprintf(l.Out, "    emits to %s: %d → %d\n", o.Output, o.Before, o.After)
		}
	}
	for _, v := range c.Verdicts {
		fmt.Fprintf(l.Out, "    verdicts: %d %s → %s\n", v.Messages, l.paint(v.Before, v.Before), l.paint(v.After, v.After))
	}
	for _, x := range c.Examples {
		head := fmt.Sprintf("    message %d", x.Message)
		if x.Key != "" {
			head += " (key " + x.Key + ")"
		}
		fmt.Fprintln(l.Out, head)
		const shown = 4
		for i, line := range x.Lines {
			if i == shown {
				fmt.Fprintf(l.Out, "      … %d more\n", len(x.Lines)-i)
				break
			}
			fmt.Fprintf(l.Out, "      %s\n", l.fit(line, 6))
		}
	}
}

func indented(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return "  " + strings.Join(lines, "\n  ") + "\n"
}

// place is a file with a line, as compilers name it.
var place = regexp.MustCompile(`[\w./@-]+\.\w+:\d+`)

// located is an error, indented, with the places in it such that a terminal finds the files: relative to where the program
// runs, not to the plugin's directory.
func (l *Lines) located(e *dev.Event) string {
	text := place.ReplaceAllStringFunc(strings.TrimRight(e.Err.Error(), "\n"), func(at string) string {
		file, line, _ := strings.Cut(at, ":")
		for _, root := range e.Paths {
			path := filepath.Join(root, file)
			if _, err := os.Stat(path); err == nil && !filepath.IsAbs(file) {
				return relative(path) + ":" + line
			}
		}
		return at
	})
	return "  " + strings.ReplaceAll(text, "\n", "\n  ") + "\n"
}

// relative is a path as seen from where the program runs, if that is shorter.
func relative(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if r, err := filepath.Rel(here, path); err == nil && len(r) < len(path) {
		return r
	}
	return path
}

// short is a list of paths, as seen from here.
func short(paths []string) string {
	all := make([]string, len(paths))
	for i, p := range paths {
		all[i] = relative(p)
	}
	return strings.Join(all, ", ")
}
