package craft

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/cmd/pelton/show"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Host is the command line that the verbs are part of.
type Host struct {
	Out, Err *os.File
	Env      []string
	Getenv   func(string) string
	Version  string
	Call     func(do func(*client.Client) error) error               // does something with the wheel
	Own      func() (config.Config, bool)                            // the config whose address that is; false when another was given
	Wheel    func(*cobra.Command) *cobra.Command                     // adds the flags that find a wheel
	Args     func(least, most int, what string) cobra.PositionalArgs // how many words follow
	File     func(args []string) string                              // the config that is meant
}

// Commands are the verbs.
func Commands(h *Host) []*cobra.Command {
	return []*cobra.Command{h.devCommand(), h.tapCommand(), h.recordCommand(), h.testCommand()}
}

// failed is a failure that was told already, or has one line left to tell.
type failed string

func (f failed) Error() string { return string(f) }

func (h *Host) notef(format string, args ...any) { fmt.Fprintf(h.Err, format+"\n", args...) }

// document prints one value of JSON.
func (h *Host) document(v any) error {
	e := json.NewEncoder(h.Out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// lines prints for people, as the output lets it.
func (h *Host) lines() *show.Lines {
	l := &show.Lines{Out: h.Out}
	if term.IsTerminal(int(h.Out.Fd())) {
		l.Colour = h.Getenv("NO_COLOR") == "" && h.Getenv("TERM") != "dumb"
		if width, _, err := term.GetSize(int(h.Out.Fd())); err == nil {
			l.Width = width
		}
	}
	return l
}
