package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/peltonhq/pelton/bench/call"
	"github.com/peltonhq/pelton/bench/fanout"
	"github.com/peltonhq/pelton/bench/fields"
	"github.com/peltonhq/pelton/bench/follow"
	"github.com/peltonhq/pelton/bench/measure"
	"github.com/peltonhq/pelton/bench/parts"
	"github.com/peltonhq/pelton/bench/pipeline"
	"github.com/peltonhq/pelton/bench/sources"
	"github.com/peltonhq/pelton/bench/swap"
)

// workload is what -only names.
type workload struct {
	name string
	run  func(o *measure.Options) error
}

var workloads = []workload{
	{"aa", fanout.Same},
	{"w1", fanout.Run},
	{"w2", pipeline.Run},
	{"w3", call.Run},
	{"w5", swap.Run},
	{"sources", sources.Run},
	{"follow", follow.Run},
	{"fields", fields.Run},
	{"parts", parts.Run},
}

func main() {
	if follow.Child() {
		return
	}
	only := flag.String("only", "", "names of workloads, with commas: "+strings.Join(names(), ", "))
	quick := flag.Bool("quick", false, "one short round of each: the shape of the tables, not figures")
	install := flag.Bool("install", false, "install toolchains and tools that are missing, with apt-get, npm and rustup")
	readme := flag.Bool("readme", false, "measure nothing: copy the short table of RESULTS.md into the README")
	profile := flag.String("profile", "", "write a profile of the processor's time to this file; with -only aa it is of Pelton alone in W1")
	flag.Parse()
	do := func() error { return run(*only, *quick, *install) }
	if *readme {
		do = copyShort
	}
	if err := profiled(*profile, do); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// profiled writes a profile of f to a file, if one is named.
func profiled(file string, f func() error) error {
	if file == "" {
		return f()
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	err = f()
	pprof.StopCPUProfile()
	return errors.Join(err, out.Close())
}

func names() (all []string) {
	for _, w := range workloads {
		all = append(all, w.name)
	}
	return all
}

// choose gives the workloads of a list of names; all for none.
func choose(only string) ([]workload, error) {
	if only == "" {
		return workloads, nil
	}
	var chosen []workload
	for name := range strings.SplitSeq(only, ",") {
		i := slices.Index(names(), name)
		if i < 0 {
			return nil, fmt.Errorf("no workload %q: there are %s", name, strings.Join(names(), ", "))
		}
		chosen = append(chosen, workloads[i])
	}
	return chosen, nil
}

func run(only string, quick, install bool) error {
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	tree, err := filepath.Abs("..")
	if err != nil {
		return err
	}
	var noise, tables bytes.Buffer // around the summary, which is known last
	o := &measure.Options{Log: os.Stderr, Quick: quick, Install: install, Dir: filepath.Join(cache, "pelton-bench"), Tree: tree}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return err
	}
	begin := time.Now()
	for _, w := range chosen {
		o.Out = &tables
		if w.name == "aa" {
			o.Out = &noise
		}
		if err := w.run(o); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	var all bytes.Buffer
	header(&all, o, only)
	_, _ = noise.WriteTo(&all)
	o.Summary(&all)
	_, _ = tables.WriteTo(&all)
	if _, err := all.WriteTo(os.Stdout); err != nil {
		return err
	}
	o.Tell("done in %v", time.Since(begin).Round(time.Second))
	return nil
}

func header(w io.Writer, o *measure.Options, only string) {
	command := "go run ."
	if only != "" {
		command += " -only " + only
	}
	if o.Quick {
		command += " -quick"
	}
	fmt.Fprintf(w, "# Results\n\nMade by `cd bench && %s > RESULTS.md` on %s.\n%s.\n", command, time.Now().UTC().Format(time.DateOnly), measure.Machine())
	if o.Quick {
		fmt.Fprintf(w, "\n**A quick run: one short round each. It shows the tables, not the figures.**\n")
	}
	fmt.Fprintf(w, "\nFigures are medians over rounds, with the lowest and the highest; contestants of a table take turns, round after round. Ratios\nare of medians. A ratio within the spread of the first table says nothing.\n")
}
