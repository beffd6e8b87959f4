package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/peltonhq/pelton/internal/faults/disk"
	"github.com/peltonhq/pelton/internal/faults/feed"
)

func main() {
	only := flag.String("only", "", "names of courses, or beginnings of them, with commas")
	long := flag.Bool("long", false, "as long as it takes, and the figures into "+figures)
	seed := flag.Uint64("seed", 0, "where the random numbers come from; 0 takes a new one")
	page := flag.Bool("guarantees", false, "run nothing: copy the tables of "+figures+" into docs/guarantees.md")
	wheel := flag.String("wheel", "", "a program that is built already, instead of that of this tree")
	keep := flag.String("keep", "", "a directory for what the run writes; it is kept. Default: one that is removed when all is well")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	do := func() error {
		return run(ctx, &suite{long: *long, binary: *wheel, dir: *keep, log: os.Stderr}, *only, *seed)
	}
	if *page {
		do = publish
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

// group is a table in the making.
type group struct {
	Table
	courses []named
}

// named is one course. Short ones are part of a short run.
type named struct {
	name  string
	short bool
	run   func(ctx context.Context, s *suite, name string) (Row, error)
}

// groups are all courses, in the order of the tables. What else a wheel must survive is added here.
func groups() []group {
	kills := group{Table: Table{Title: "Kill -9 while messages flow", Times: "kills", First: "source"}}
	for _, source := range slices.Sorted(maps.Keys(feed.Kinds)) {
		kills.courses = append(kills.courses, named{"kill/" + source, true, func(ctx context.Context, s *suite, name string) (Row, error) {
			return s.kill(ctx, name, source)
		}})
	}
	cuts := group{Table: Table{Title: "Power cut, of the disk with the store and the sink's file", Times: "cuts", First: "`store`, source"}}
	for _, c := range [][2]string{{"http", "always"}, {"file", "always"}, {"http", "off"}} {
		cuts.courses = append(cuts.courses, named{"cut/" + c[0] + "-" + c[1], c[0] == "http", func(ctx context.Context, s *suite, name string) (Row, error) {
			return s.cut(ctx, name, c[0], c[1])
		}})
	}
	disks := group{Table: Table{Title: "The disk does badly while messages flow, and is mended", First: "the disk"}}
	for _, t := range troubles {
		disks.courses = append(disks.courses, named{"disk/" + t.name, t.short(), func(ctx context.Context, s *suite, name string) (Row, error) {
			return s.trouble(ctx, name, t)
		}})
	}
	clocks := group{Table: Table{Title: "The machine's clock jumps, by up to a day forth and back, and the wheel is killed", Times: "jumps", First: "source"}}
	clocks.courses = append(clocks.courses, named{"clock/http", false, func(ctx context.Context, s *suite, name string) (Row, error) {
		return s.clock(ctx, name, "http")
	}})
	poison := group{Table: Table{Title: "One message in a hundred is poison, and the wheel is killed meanwhile", First: "source"}}
	poison.courses = append(poison.courses, named{"poison/http", true, func(ctx context.Context, s *suite, name string) (Row, error) {
		return s.poison(ctx, name, "http")
	}})
	nets := group{Table: Table{Title: "The network and the brokers do badly while messages flow", Times: "times", First: "between the wheel and"}}
	for _, n := range networks {
		nets.courses = append(nets.courses, named{"net/" + n.name, true, func(ctx context.Context, s *suite, name string) (Row, error) {
			return s.network(ctx, name, n)
		}})
	}
	swapped := group{Table: Table{Title: "A plugin is swapped again and again while messages flow", First: "source"}}
	for _, source := range []string{"http", "nats"} {
		swapped.courses = append(swapped.courses, named{"swap/" + source, true, func(ctx context.Context, s *suite, name string) (Row, error) {
			return s.swap(ctx, name, source)
		}})
	}
	return []group{kills, cuts, disks, nets, clocks, poison, swapped}
}

// chosen are the courses that begin with one of the names; all of the short or the long run for none.
func chosen(only string, long bool) ([]group, error) {
	var all []group
	found := map[string]bool{}
	for _, g := range groups() {
		g.courses = slices.DeleteFunc(g.courses, func(c named) bool {
			if only == "" {
				return !long && !c.short
			}
			for name := range strings.SplitSeq(only, ",") {
				if strings.HasPrefix(c.name, name) {
					found[name] = true
					return false
				}
			}
			return true
		})
		if len(g.courses) > 0 {
			all = append(all, g)
		}
	}
	for name := range strings.SplitSeq(only, ",") {
		if only != "" && !found[name] {
			return nil, fmt.Errorf("no course begins with %q", name)
		}
	}
	return all, nil
}

func run(ctx context.Context, s *suite, only string, seed uint64) (err error) {
	all, err := chosen(only, s.long)
	if err != nil {
		return err
	}
	if seed == 0 {
		seed = rand.Uint64()
	}
	s.rnd = rand.New(rand.NewPCG(seed, 0))
	if s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "pelton-faults-"); err != nil {
			return err
		}
		defer func() {
			if err == nil {
				err = os.RemoveAll(s.dir)
			}
		}()
	}
	if s.dir, err = filepath.Abs(s.dir); err != nil {
		return err
	}
	s.tell("seed %d, in %s", seed, s.dir)
	if err := s.prepare(ctx); err != nil {
		return err
	}
	report := Report{Made: time.Now().UTC().Format(time.DateOnly), Machine: machine()}
	var faults []error
	for _, g := range all {
		for _, c := range g.courses {
			began := time.Now()
			row, err := c.run(ctx, s, strings.ReplaceAll(c.name, "/", "-"))
			if err == nil {
				err = row.Faults(row.Lossy)
			}
			if err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", c.name, err))
				s.tell("%s: FAILED: %v", c.name, err)
			}
			s.tell("%s: %v", c.name, time.Since(began).Round(time.Second))
			g.Rows = append(g.Rows, row)
		}
		report.Tables = append(report.Tables, g.Table)
	}
	fmt.Print(report)
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("%w\nwhat the run wrote is in %s; seed %d", err, s.dir, seed)
	}
	if !s.long {
		return nil
	}
	return report.keep(figures, only == "")
}

// prepare builds the programs, and sees whether disks can be mounted before an hour is spent.
func (s *suite) prepare(ctx context.Context) error {
	if s.binary == "" {
		s.binary = filepath.Join(s.dir, "pelton")
		if err := compile(ctx, "../..", s.binary, "./cmd/pelton"); err != nil {
			return err
		}
	}
	s.plugin = filepath.Join(s.dir, "plugin")
	if err := compile(ctx, ".", s.plugin, "./plugin"); err != nil {
		return err
	}
	place := filepath.Join(s.dir, "mount")
	if err := os.MkdirAll(place, 0o755); err != nil {
		return err
	}
	return disk.Prove(place)
}

// compile builds a program of the module in dir.
func compile(ctx context.Context, dir, to, path string, flags ...string) error {
	c := exec.CommandContext(ctx, "go", append(append([]string{"build", "-o", to}, flags...), path)...)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w: %s", path, err, out)
	}
	return nil
}

func machine() string {
	return fmt.Sprintf("%s, %d processors, %s/%s", runtime.Version(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
}
