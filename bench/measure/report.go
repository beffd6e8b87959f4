package measure

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// Options of a run of workloads.
type Options struct {
	Out     io.Writer // of the Markdown
	Log     io.Writer // of progress
	Quick   bool      // the shape only: one short round
	Install bool      // tools that are missing, by apt-get, npm and rustup
	Dir     string    // for built programs and generated data; kept between runs
	Tree    string    // root of the main module

	goals  []goal
	briefs []brief
}

// Rounds is how often each contestant runs.
func (o *Options) Rounds(full int) int {
	if o.Quick {
		return 1
	}
	return full
}

// Span is how long one measurement lasts.
func (o *Options) Span(full time.Duration) time.Duration {
	if o.Quick {
		return full / 10
	}
	return full
}

// Section begins a part of the report.
func (o *Options) Section(title, text string) {
	fmt.Fprintf(o.Out, "\n## %s\n\n%s\n", title, text)
}

// Part begins a part of a section.
func (o *Options) Part(title, text string) {
	fmt.Fprintf(o.Out, "\n### %s\n\n", title)
	if text != "" {
		fmt.Fprintln(o.Out, text)
	}
}

// Tell writes a line of progress.
func (o *Options) Tell(format string, args ...any) { fmt.Fprintf(o.Log, format+"\n", args...) }

// Table is a table of Markdown.
type Table struct {
	head []string
	rows [][]string
}

// NewTable makes one with these columns.
func NewTable(head ...string) *Table { return &Table{head: head} }

// Row adds a row.
func (t *Table) Row(cells ...string) { t.rows = append(t.rows, cells) }

// Write puts the table out.
func (t *Table) Write(w io.Writer) {
	fmt.Fprintf(w, "\n| %s |\n|%s\n", strings.Join(t.head, " | "), strings.Repeat("---|", len(t.head)))
	for _, row := range t.rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
	}
}

// Machine describes where the figures come from.
func Machine() string {
	return fmt.Sprintf("%s, %d processors (%s), Linux %s, %s/%s, GOMAXPROCS %d",
		runtime.Version(), runtime.NumCPU(), after("/proc/cpuinfo", "model name"), word("/proc/sys/kernel/osrelease"),
		runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0))
}

// Module is a dependency of this program with its version.
func Module(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return path
	}
	for _, m := range info.Deps {
		if m.Path == path {
			return path + " " + m.Version
		}
	}
	return path
}

func word(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}

// after is the value behind a name in a file of "name : value" lines.
func after(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// FileSystem names the kind of file system that a directory is on.
func FileSystem(dir string) string {
	best, kind := "", "unknown"
	text, err := os.ReadFile("/proc/mounts")
	if err != nil {
		return kind
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) > 2 && len(f[1]) >= len(best) && (f[1] == "/" || dir == f[1] || strings.HasPrefix(dir, f[1]+"/")) {
			best, kind = f[1], f[2]
		}
	}
	return kind
}
