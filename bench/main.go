package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"
)

// table is one set of benchmarks of one package.
type table struct {
	name, pkg, bench, what string
}

var tables = []table{
	{"arena", "./arena", "^(BenchmarkLend|BenchmarkView)$", "One message lent, borrowed and released, by one goroutine."},
	{"decode", "./decode", "^Benchmark", "Flights as lines of JSON and CSV, cut and indexed straight in the arena; bufio.Scanner beside it."},
	{"native", "./actor/native", "^Benchmark", "Deliveries to a native plugin, alone and through its mailbox."},
	{"wasm", "./actor/wasm", "^Benchmark(Noop|Delays|Airports|Start)$", "Deliveries to a WASM plugin, with its time limit on."},
	{"fan-out", "./loop", "^BenchmarkFanOut$", "1 KiB messages from one lane to 1, 4 and 16 native plugins, all of which ack; through the real ring, loop, arena, mailboxes, verdicts and watermark."},
	{"store", "./store/local", "^Benchmark", "The embedded store, fsync always and off."},
}

func main() {
	only := flag.String("only", "", "one table by name")
	count := flag.Int("count", 6, "runs of each benchmark")
	flag.Parse()
	if err := run(os.Stdout, *only, *count); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, only string, count int) error {
	fmt.Fprintf(out, "# Results\n\nMedians of %d runs with the lowest and the highest, %s, %s, %d processors. Run again: `cd bench && go run . > RESULTS.md`;\none table: `go run . -only NAME`. The machine is shared and noisy: trust ratios within a table.\n",
		count, time.Now().UTC().Format(time.DateOnly), runtime.Version(), runtime.NumCPU())
	found := false
	for _, t := range tables {
		if only != "" && t.name != only {
			continue
		}
		found = true
		if err := t.run(out, count); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	if !found {
		return fmt.Errorf("no table %q", only)
	}
	return nil
}

func (t table) run(out io.Writer, count int) error {
	cmd := exec.Command("go", "test", "-run", "^$", "-bench", t.bench, "-benchmem", "-benchtime", "0.5s", "-count", fmt.Sprint(count), t.pkg)
	cmd.Dir = ".."
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, text)
	}
	names, values, units, err := parse(text)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return errors.New("no benchmark ran")
	}
	fmt.Fprintf(out, "\n## %s\n\n%s\n\n| benchmark | %s |\n|---|%s\n", t.name, t.what, strings.Join(units, " | "), strings.Repeat("---|", len(units)))
	for _, name := range names {
		fmt.Fprintf(out, "| %s |", name)
		for _, unit := range units {
			fmt.Fprintf(out, " %s |", cell(values[name][unit]))
		}
		fmt.Fprintln(out)
	}
	return nil
}

// parse reads the lines of `go test -bench`: names and units in the order of their first appearance.
func parse(text []byte) (names []string, values map[string]map[string][]float64, units []string, err error) {
	values = map[string]map[string][]float64{}
	r := benchfmt.NewReader(bytes.NewReader(text), "go test")
	for r.Scan() {
		result, ok := r.Result().(*benchfmt.Result)
		if !ok {
			continue
		}
		name := strings.TrimSuffix(result.Name.String(), fmt.Sprintf("-%d", runtime.GOMAXPROCS(0)))
		if values[name] == nil {
			names = append(names, name)
			values[name] = map[string][]float64{}
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

// cell is the median with the lowest and highest value, or just the value where all are the same.
func cell(v []float64) string {
	if len(v) == 0 {
		return ""
	}
	slices.Sort(v)
	low, mid, high := v[0], v[len(v)/2], v[len(v)-1]
	if low == high {
		return number(mid)
	}
	return fmt.Sprintf("%s (%s–%s)", number(mid), number(low), number(high))
}

func number(f float64) string {
	switch {
	case f >= 100 || f == float64(int64(f)):
		return fmt.Sprintf("%.0f", f)
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}
