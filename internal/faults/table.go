package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/peltonhq/pelton/internal/faults/record"
)

// Row is what one course came to.
type Row struct {
	Name  string `json:"name"`
	Times int    `json:"times"`           // kills, cuts …
	Rate  int    `json:"rate,omitempty"`  // acknowledged messages a second
	Did   string `json:"did,omitempty"`   // what the wheel did
	Lossy bool   `json:"lossy,omitempty"` // what was acknowledged may be lost
	record.Figures
}

// Table is one kind of fault.
type Table struct {
	Title string `json:"title"`
	Times string `json:"times"` // what Row.Times counts; empty: nothing, and the column is Row.Did
	First string `json:"first"` // what Row.Name is
	Rows  []Row  `json:"rows"`
}

// String is the table in Markdown.
func (t Table) String() string {
	var b strings.Builder
	times := t.Times
	if times == "" {
		times = "the wheel"
	}
	fmt.Fprintf(&b, "%s:\n\n| %s | %s | acknowledged | lost | out of order | snapshots twice | lines twice | deferred, early | seen again |\n|%s\n",
		t.Title, t.First, times, strings.Repeat("---|", 9))
	for _, r := range t.Rows {
		did, acked := r.Did, thousands(r.Acked)
		if t.Times != "" {
			did = thousands(r.Times)
		}
		if r.Rate > 0 {
			acked += fmt.Sprintf(", %s/s", thousands(r.Rate))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s, %s | %s |\n", r.Name, did, acked, thousands(r.Lost),
			thousands(r.Disordered), thousands(r.Snapshots), thousands(r.Lines), thousands(r.Deferred), thousands(r.Early), thousands(r.Again))
	}
	return b.String()
}

// thousands writes 1234567 as 1,234,567.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Report is a whole run.
type Report struct {
	Made    string  `json:"made"`    // when
	Machine string  `json:"machine"` // where
	Tables  []Table `json:"tables"`
}

// String is the report in Markdown.
func (r Report) String() string {
	parts := make([]string, 0, 1+len(r.Tables))
	for _, t := range r.Tables {
		parts = append(parts, t.String())
	}
	parts = append(parts, fmt.Sprintf("Made on %s; %s.\n", r.Made, r.Machine))
	return strings.Join(parts, "\n")
}

// The report of the last long run is in docs/guarantees.md, between these lines.
const (
	figures    = "figures.json"
	guarantees = "../../docs/guarantees.md"
	opening    = "<!-- cd internal/faults && go run . -long && go run . -guarantees -->\n"
	closing    = "<!-- end -->\n"
)

// keep writes a report; one that is not of all courses replaces its own rows of the one that is there.
func (r Report) keep(path string, all bool) error {
	if !all {
		old, err := load(path)
		if err != nil {
			return err
		}
		r = r.over(old)
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

func load(path string) (r Report, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// over is an old report with the rows of this one instead of its own.
func (r Report) over(old Report) Report {
	for _, t := range r.Tables {
		at := slices.IndexFunc(old.Tables, func(o Table) bool { return o.Title == t.Title })
		if at < 0 {
			old.Tables = append(old.Tables, t)
			continue
		}
		rows := &old.Tables[at].Rows
		for _, row := range t.Rows {
			if i := slices.IndexFunc(*rows, func(o Row) bool { return o.Name == row.Name }); i >= 0 {
				(*rows)[i] = row
			} else {
				*rows = append(*rows, row)
			}
		}
	}
	old.Made, old.Machine = r.Made, r.Machine
	return old
}

// updated is a page with the report that a file has.
func updated(page, report string) (was, is string, err error) {
	text, err := os.ReadFile(page)
	if err != nil {
		return "", "", err
	}
	r, err := load(report)
	if err != nil {
		return "", "", err
	}
	is, err = replace(string(text), r.String())
	return string(text), is, err
}

// replace puts tables into a page.
func replace(page, tables string) (string, error) {
	before, rest, opened := strings.Cut(page, opening)
	_, after, closed := strings.Cut(rest, closing)
	if !opened || !closed {
		return "", fmt.Errorf("the page has no place for the tables between %q and %q", opening, closing)
	}
	return before + opening + "\n" + tables + "\n" + closing + after, nil
}

// publish copies the figures into the page.
func publish() error {
	_, is, err := updated(guarantees, figures)
	if err != nil {
		return err
	}
	return os.WriteFile(guarantees, []byte(is), 0o644)
}
