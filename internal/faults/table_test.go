package main

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/internal/faults/record"
)

// TestGuarantees: docs/guarantees.md has the tables of the last long run, as this program writes them, and they have
// what the page says of them.
func TestGuarantees(t *testing.T) {
	was, is, err := updated(guarantees, figures)
	if err != nil {
		t.Fatal(err)
	}
	if was != is {
		t.Error("the tables of docs/guarantees.md are not those of figures.json: cd internal/faults && go run . -guarantees")
	}
	r, err := load(figures)
	if err != nil {
		t.Fatal(err)
	}
	kills, acked, cuts := 0, 0, 0
	for _, table := range r.Tables {
		for _, row := range table.Rows {
			if err := row.Faults(row.Lossy); err != nil {
				t.Errorf("%s, %s: %v", table.Title, row.Name, err)
			}
			switch table.Times {
			case "kills":
				kills, acked = kills+row.Times, acked+row.Acked
				if row.Rate < 20_000 {
					t.Errorf("%s: %d messages a second, want 20,000", row.Name, row.Rate)
				}
			case "cuts":
				cuts += row.Times
			}
		}
	}
	if kills < 50 || acked < 1_000_000 || cuts < 30 {
		t.Errorf("%d kills with %d messages, %d cuts; want 50 with a million, and 30", kills, acked, cuts)
	}
}

func TestTable(t *testing.T) {
	f := record.Figures{Acked: 1234567, Lost: 1, Disordered: 2, Snapshots: 3, Lines: 4, Early: 5, Deferred: 6000, Again: 7}
	const head = " | acknowledged | lost | out of order | snapshots twice | lines twice | deferred, early | seen again |\n|---|---|---|---|---|---|---|---|---|\n"
	for _, c := range []struct {
		table Table
		want  string
	}{
		{
			Table{Title: "Kills", Times: "kills", First: "source", Rows: []Row{{Name: "http", Times: 50, Rate: 21000, Figures: f}}},
			"Kills:\n\n| source | kills" + head + "| http | 50 | 1,234,567, 21,000/s | 1 | 2 | 3 | 4 | 6,000, 5 | 7 |\n",
		},
		{
			Table{Title: "Disks", First: "the disk", Rows: []Row{{Name: "full", Did: "pauses", Figures: f}}},
			"Disks:\n\n| the disk | the wheel" + head + "| full | pauses | 1,234,567 | 1 | 2 | 3 | 4 | 6,000, 5 | 7 |\n",
		},
	} {
		if got := c.table.String(); got != c.want {
			t.Errorf("got\n%swant\n%s", got, c.want)
		}
	}
}

func TestReplace(t *testing.T) {
	got, err := replace("x\n"+opening+"old\n"+closing+"y\n", "new\n")
	if want := "x\n" + opening + "\nnew\n\n" + closing + "y\n"; err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
	if again, err := replace(got, "new\n"); err != nil || again != got {
		t.Errorf("a second time: %q, %v", again, err)
	}
	if _, err := replace("no place", "new\n"); err == nil {
		t.Error("a place was found in nothing")
	}
}

func TestChosen(t *testing.T) {
	names := func(only string, long bool) string {
		all, err := chosen(only, long)
		if err != nil {
			return err.Error()
		}
		var list []string
		for _, g := range all {
			for _, c := range g.courses {
				list = append(list, c.name)
			}
		}
		return strings.Join(list, " ")
	}
	short, long := names("", false), names("", true)
	if len(short) >= len(long) || !strings.Contains(long, "clock/http") || strings.Contains(short, "clock/http") || !strings.Contains(short, "cut/http-always") {
		t.Errorf("a short run is %q, a long one %q", short, long)
	}
	if got := names("disk/full,clock", false); got != "disk/full-http disk/full-file clock/http" {
		t.Errorf("chosen are %q", got)
	}
	if got := names("kill,nothing", false); !strings.Contains(got, `no course begins with "nothing"`) {
		t.Errorf("a name that is none: %q", got)
	}
}

// TestKeep: a report of some courses replaces their rows and leaves the others.
func TestKeep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "figures.json")
	row := func(name string, times int) Row { return Row{Name: name, Times: times} }
	first := Report{Made: "then", Tables: []Table{{Title: "Kills", Rows: []Row{row("file", 1), row("http", 1)}}}}
	second := Report{Made: "now", Tables: []Table{
		{Title: "Kills", Rows: []Row{row("http", 2), row("nats", 2)}}, {Title: "Cuts", Rows: []Row{row("http", 2)}},
	}}
	if err := second.keep(path, false); err == nil {
		t.Error("some rows were kept of nothing")
	}
	if err := first.keep(path, true); err != nil {
		t.Fatal(err)
	}
	if err := second.keep(path, false); err != nil {
		t.Fatal(err)
	}
	got, err := load(path)
	want := Report{Made: "now", Tables: []Table{
		{Title: "Kills", Rows: []Row{row("file", 1), row("http", 2), row("nats", 2)}}, {Title: "Cuts", Rows: []Row{row("http", 2)}},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
}
