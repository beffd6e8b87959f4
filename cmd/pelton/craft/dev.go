package craft

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/peltonhq/pelton/cmd/pelton/access"
	"github.com/peltonhq/pelton/cmd/pelton/bar"
	"github.com/peltonhq/pelton/engine"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/dev"
	"github.com/peltonhq/pelton/engine/trial"
	"github.com/spf13/cobra"
)

func (h *Host) devCommand() *cobra.Command {
	var o places
	var sample string
	var asJSON bool
	c := &cobra.Command{
		Use:   "dev [FILE]",
		Short: "Run a wheel and swap in each plugin that is saved",
		Long: `Run the wheel that FILE describes (default pelton.yaml) and watch the source of its plugins:
what is saved is built and swapped in while messages flow. Source that does not compile is
told with the compiler's lines, and the version before goes on. After a swap both versions
run on the same messages, and what the change did to verdicts and emits is shown: on those
of --sample, a file of 'pelton record', or on the last ones that the plugin was given.

A version is judged by its first message, or is live at once when none comes. A config
that is saved is applied while the wheel runs, as by 'pelton apply'; for what can't change
then the wheel is started anew, which is said.`,
		Example: `  pelton dev
  pelton dev examples/flights/pelton.yaml --sample examples/flights/tests/flights.ndjson`,
		Args: h.Args(0, 1, "at most one FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			return h.dev(c.Context(), h.File(args), o, sample, asJSON)
		},
	}
	f := c.Flags()
	f.StringVar(&sample, "sample", "", "compare on the messages of this `FILE`")
	f.StringVar(&o.store, "store", "", "`DIR` of the store, over store.dir")
	f.StringVar(&o.listen, "listen", "", "`HOST:PORT` of HTTP, over api.listen; port 0 takes a free one")
	f.StringVar(&o.grpc, "grpc", "", "`HOST:PORT` of gRPC, over api.grpc; port 0 takes a free one")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (h *Host) dev(ctx context.Context, path string, o places, sample string, asJSON bool) (err error) {
	d := dev.Options{File: path, Engine: engine.Options{Version: h.Version, Compilers: runtime.GOMAXPROCS(0)}}
	if sample != "" {
		if d.Sample, err = trial.ReadFile(sample); err != nil {
			return access.Usagef("--sample: %v", err)
		}
	}
	d.Load = func() (config.Config, error) { return o.load(path, h.Env) }
	log := &bar.Log{Out: h.Out, JSON: asJSON}
	d.Engine.Events = func(e engine.Event) {
		if e.Event != "swapped" && e.Event != "building" && e.Event != "apply" { // dev itself tells
			log.Event(e)
		}
	}
	lines := h.lines()
	d.Events = func(e dev.Event) {
		log.Alone(func() {
			if !asJSON {
				lines.Dev(&e)
			} else if j, err := json.Marshal(&e); err == nil { // it is made of numbers and texts
				fmt.Fprintf(h.Out, "%s\n", j)
			}
		})
	}
	return dev.Run(ctx, d)
}

// places are what flags put over the config.
type places struct{ store, listen, grpc string }

// load reads the config with the flags over it.
func (o places) load(path string, env []string) (config.Config, error) {
	var over []config.Override
	for _, f := range []config.Override{
		{Path: "store.dir", Value: o.store, Name: "--store"}, {Path: "api.listen", Value: o.listen, Name: "--listen"}, {Path: "api.grpc", Value: o.grpc, Name: "--grpc"},
	} {
		if f.Value != "" {
			over = append(over, f)
		}
	}
	return config.Load(path, env, over...)
}
