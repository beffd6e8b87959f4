package parts

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"

	"github.com/peltonhq/pelton/bench/measure"
)

// part is one set of benchmarks of one package.
type part struct {
	name, pkg, bench, text string
}

var all = []part{
	{"arena", "./arena", "^(BenchmarkLend|BenchmarkView)$", "One message lent, borrowed and released, by one goroutine."},
	{"decode", "./decode", "^Benchmark", "Flights as lines of JSON and CSV, cut and indexed straight in the arena; bufio.Scanner beside it."},
	{"native", "./actor/native", "^Benchmark", "Deliveries to a native plugin, alone and through its mailbox."},
	{"store", "./store/local", "^Benchmark", "The embedded store, fsync always and off."},
}

// Run measures and prints.
func Run(o *measure.Options) error {
	o.Section("Parts", "The benchmarks of the packages, as `go test -bench` gives them.")
	for _, p := range all {
		o.Tell("parts: %s", p.name)
		if err := p.run(o); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

func (p part) run(o *measure.Options) error {
	span := o.Span(200_000_000)
	cmd := exec.Command("go", "test", "-run", "^$", "-bench", p.bench, "-benchmem", "-benchtime", span.String(), "-count", fmt.Sprint(o.Rounds(3)), p.pkg)
	cmd.Dir = o.Tree
	cmd.Stderr = o.Log
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, text)
	}
	o.Part(p.name, p.text)
	return p.tabulate(o, text)
}

func (p part) tabulate(o *measure.Options, text []byte) error {
	names, values, units, err := parse(text)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return errors.New("no benchmark ran")
	}
	t := measure.NewTable(append([]string{"benchmark"}, units...)...)
	for _, name := range names {
		cells := []string{name}
		for _, unit := range units {
			cells = append(cells, values[name][unit].String())
		}
		t.Row(cells...)
	}
	t.Write(o.Out)
	switch p.name {
	case "arena":
		o.AtMost("Arena: lend, view and release", values["Lend"]["ns/op"].Median(), 25, " ns")
	case "decode":
		o.AtLeast("Decode of JSON lines with indexed fields", values["Stream/json"]["MB/s"].Median(), 400, " MB/s")
	}
	return nil
}

// parse reads the lines of `go test -bench`: names and units in the order of their first appearance.
func parse(text []byte) (names []string, values map[string]map[string]measure.Series, units []string, err error) {
	values = map[string]map[string]measure.Series{}
	r := benchfmt.NewReader(bytes.NewReader(text), "go test")
	for r.Scan() {
		result, ok := r.Result().(*benchfmt.Result)
		if !ok {
			continue
		}
		name := strings.TrimSuffix(result.Name.String(), fmt.Sprintf("-%d", runtime.GOMAXPROCS(0)))
		if values[name] == nil {
			names = append(names, name)
			values[name] = map[string]measure.Series{}
		}
		for _, v := range result.Values {
			value, unit := v.Value, v.Unit
			if v.OrigUnit != "" { // as go test wrote it: ns/op, not sec/op
				value, unit = v.OrigValue, v.OrigUnit
			}
			if !slices.Contains(units, unit) {
				units = append(units, unit)
			}
			values[name][unit] = append(values[name][unit], value)
		}
	}
	return names, values, units, r.Err()
}
