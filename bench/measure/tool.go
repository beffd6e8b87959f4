package measure

import (
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// Tool is a program of the machine that a contestant needs.
type Tool struct {
	Name    string      // of the program, or its path
	Install string      // the command that installs it
	Package string      // in words, for the tables; default Install
	There   func() bool // nil: Name is found
}

func (t Tool) there() bool {
	if _, err := exec.LookPath(t.Name); err != nil {
		return false
	}
	return t.There == nil || t.There()
}

// Need makes sure that the tool is there: with Options.Install it is installed if it is not. Else it says for the tables what
// is absent, and what installs it.
func (t Tool) Need(ctx context.Context, o *Options) (absent string) {
	if t.there() {
		return ""
	}
	if !o.Install {
		return fmt.Sprintf("absent (-install runs `%s`)", cmp.Or(t.Package, t.Install))
	}
	o.Tell("installing: %s", t.Install)
	words := strings.Fields(t.Install)
	if out, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput(); err != nil {
		return fmt.Sprintf("absent: `%s` failed: %v: %s", t.Install, err, lastLine(out))
	}
	if !t.there() {
		return fmt.Sprintf("absent: `%s` ran, and %s is still not there", t.Install, t.Name)
	}
	return ""
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}
