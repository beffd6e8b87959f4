package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/peltonhq/pelton/bench/measure"
)

const text = `%s lines of JSON, %.0f bytes on average, from a file to a file in the directory of results (%s): keep those with value > 50 (%d)
and add a field. The whole process from start to exit, with an empty store. Pelton checks that each line is JSON, keeps its
position durable, and its file sink repeats no line after a crash; "no fsync" and "plain sink" show what that costs. Every output
is compared, byte for byte, with what the generator expects.`

// Run measures and prints.
func Run(o *measure.Options) error {
	ctx := context.Background()
	lines := 1_000_000
	if o.Quick {
		lines = 20_000
	}
	o.Tell("W2: building")
	list, err := all(ctx, o)
	if err != nil {
		return err
	}
	in, err := generate(o.Dir, lines)
	if err != nil {
		return err
	}
	o.Section("W2 pipeline", fmt.Sprintf(text, measure.Number(float64(lines)), float64(in.Bytes)/float64(lines), measure.FileSystem(o.Dir), in.Kept))
	all := make([]figures, len(list))
	for round := range o.Rounds(3) {
		for i, who := range list {
			if who.absent != "" {
				continue
			}
			o.Tell("W2: round %d, %s", round+1, who.name)
			c, err := run(who, o.Dir, &in)
			if err != nil {
				return fmt.Errorf("%s: %w", who.name, err)
			}
			f := &all[i]
			f.wall = append(f.wall, c.wall.Seconds())
			f.cpu = append(f.cpu, c.cpu.Seconds())
			f.peak = append(f.peak, float64(c.peak)/1e6)
		}
	}
	table(list, all).Write(o.Out)
	goals(o, list, all, lines)
	return nil
}

// goals compares with what was aimed at.
func goals(o *measure.Options, list []contestant, all []figures, lines int) {
	of := map[string]*figures{}
	for i, who := range list {
		of[who.name] = &all[i]
	}
	loop := of[baseline].wall.Median()
	for _, g := range []struct {
		name string
		want float64
	}{{"Pelton, C guest", 1.5}, {"Pelton, Rust guest", 1.5}, {"Pelton, native Go", 1.2}, {"Pelton, Go guest", 3}} {
		if f := of[g.name]; len(f.wall) > 0 {
			o.AtMost("W2, "+g.name+": wall to the gjson loop's", f.wall.Median()/loop, g.want, "x")
			o.AtMost("W2, "+g.name+": peak", f.peak.Median(), 100, " MB")
		}
	}
	line := []string{}
	for _, c := range [][2]string{
		{"Pelton, native Go", "**Pelton** native Go"}, {"Pelton, C guest", "**Pelton** C guest"}, {"Pelton, Go guest", "**Pelton** Go guest"},
		{baseline, baseline}, {"mawk", "mawk"}, {"jq", "jq"},
	} {
		if f := of[c[0]]; len(f.wall) > 0 {
			line = append(line, fmt.Sprintf("%s %s (%s)", c[1], measure.Number(f.wall.Median()), measure.Number(f.cpu.Median())))
		}
	}
	o.Brief(fmt.Sprintf("%s lines of JSON, filter and add a field, file to file: seconds (of the processor)", measure.Number(float64(lines))), line...)
}

type figures struct{ wall, cpu, peak measure.Series }

func table(list []contestant, all []figures) *measure.Table {
	var loop *figures
	for i := range list {
		if list[i].name == baseline {
			loop = &all[i]
		}
	}
	t := measure.NewTable("", "wall s", "CPU s", "peak MB", "wall to the gjson loop's", "CPU to the gjson loop's")
	for i, who := range list {
		if who.absent != "" {
			t.Row(who.name, who.absent, "", "", "", "")
			continue
		}
		f := &all[i]
		t.Row(who.name, f.wall.String(), f.cpu.String(), f.peak.String(), measure.Ratio(f.wall, loop.wall), measure.Ratio(f.cpu, loop.cpu))
	}
	return t
}

const baseline = "Go gjson + sjson loop"

// run does it once in a new directory and checks the output.
func run(who contestant, dir string, in *input) (c cost, err error) {
	dir, err = os.MkdirTemp(dir, "run-")
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	out, err := os.Create(filepath.Join(dir, "out.jsonl"))
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	cmd, err := who.command(dir, in, out)
	if err != nil {
		return c, err
	}
	c, err = watch(cmd)
	if f, ok := cmd.Stdin.(*os.File); ok {
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return c, err
	}
	return c, in.verify(out.Name())
}
