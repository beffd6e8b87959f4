//go:build sdks

package e2e

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// page runs docs/plugins.md as a new user would, in an empty directory. A block of code whose first line names a file is
// written there. Each line "$ COMMAND" of a console block is run; the lines behind it are its output.
type page struct {
	t     *testing.T
	dir   string
	env   []string
	wheel *exec.Cmd
}

// different is what is another thing in each run, with what stands for it. Lines that are drawn by a compiler, and begin
// with space, are left out.
var different = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`(?m)^(building|store|\s).*\n`), ""},
	{regexp.MustCompile(`\{"seq":.*\}`), "FLIGHT"},
	{regexp.MustCompile(`"delay":\d+`), `"delay":N`},
	{regexp.MustCompile(`(?m)^[A-Z]{3}  @\d+:\d+`), "KEY CURSOR"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "HOST"},
	{regexp.MustCompile(`\b[0-9a-f]{12}\b`), "DIGEST"},
	{regexp.MustCompile(`live after \S+`), "live after TIME"},
	{regexp.MustCompile(`\b(\d+[smh] ago|now) +`), "AGO "},
	{regexp.MustCompile(` +`), " "},
	{regexp.MustCompile(`(?m) $`), ""},
}

func plain(text string) string {
	text = strings.TrimRight(text, "\n") + "\n"
	for _, d := range different {
		text = d.pattern.ReplaceAllString(text, d.with)
	}
	return strings.TrimSpace(text)
}

func TestPluginsPage(t *testing.T) {
	tools := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(tools, "pelton")); err != nil {
		t.Fatal(err)
	}
	p := &page{t: t, dir: t.TempDir()}
	p.env = append(command(limited(t)).Env, "PATH="+tools+string(filepath.ListSeparator)+os.Getenv("PATH"), "PELTON_WHO=you")
	defer p.stop()
	commands, files := 0, 0
	text := read(t, "../../docs/plugins.md")
	for i, block := range strings.Split(text, "\n```") {
		if i%2 == 0 {
			continue
		}
		info, body, _ := strings.Cut(block, "\n")
		if info != "console" {
			_, name, ok := strings.Cut(info, " ")
			if !ok {
				t.Fatalf("a block %q names no file", info)
			}
			write(t, filepath.Join(p.dir, name), body+"\n")
			files++
			continue
		}
		for _, one := range strings.Split("\n"+body, "\n$ ")[1:] {
			line, shown, _ := strings.Cut(one, "\n")
			p.run(line, plain(shown))
			commands++
		}
	}
	if commands < 25 || files != 4 {
		t.Errorf("ran %d commands and wrote %d files", commands, files)
	}
}

// run runs one command and compares what comes. What only looks is tried again until it shows what the page does.
func (p *page) run(line, want string) {
	p.t.Helper()
	switch {
	case strings.HasPrefix(line, "cd "):
		p.dir = filepath.Join(p.dir, line[3:])
		return
	case line == "pelton run":
		p.start(want)
		return
	}
	looks := strings.HasPrefix(line, "pelton session ")
	for end := time.Now().Add(patience); ; {
		c := exec.CommandContext(limited(p.t), "bash", "-c", line)
		c.Dir, c.Env = p.dir, p.env
		out, err := c.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			p.t.Fatal(err)
		}
		got := plain(string(out))
		if got == want {
			return
		}
		if !looks || time.Now().After(end) {
			p.t.Fatalf("$ %s\n%s\nthe page has\n%s", line, got, want)
		}
	}
}

// start runs the wheel, which must print all lines of the page, and tells the other commands where it listens.
func (p *page) start(want string) {
	p.t.Helper()
	p.wheel = exec.CommandContext(context.Background(), binary, "run", "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	p.wheel.Dir, p.wheel.Env = p.dir, p.env
	out, err := p.wheel.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.wheel.Start(); err != nil {
		p.t.Fatal(err)
	}
	listens := regexp.MustCompile(`listening on http://(\S+) `)
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if m := listens.FindStringSubmatch(lines.Text()); m != nil {
			p.env = append(p.env, "PELTON_ADDR="+m[1])
			break
		}
	}
	if got := plain(said.String()); got != want {
		p.t.Fatalf("$ pelton run\n%s\nthe page has\n%s", got, want)
	}
}

func (p *page) stop() {
	if p.wheel == nil {
		return
	}
	if err := p.wheel.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Error(err)
	}
	if err := p.wheel.Wait(); err != nil {
		p.t.Errorf("the wheel ended with %v", err)
	}
}
