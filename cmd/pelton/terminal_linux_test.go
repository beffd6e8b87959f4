package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal is a pseudo-terminal of 100 × 30: what a program writes to tty is read from screen.
func openTerminal(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	raw, err := screen.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var number int
	if errControl := raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
		if err == nil {
			err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: 30, Col: 100})
		}
	}); errControl != nil || err != nil {
		t.Fatal(errControl, err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	return screen, tty
}

// onTerminal runs a command line on a terminal and returns all that was written to it.
func onTerminal(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	screen, tty := openTerminal(t)
	c := command(t.Context(), dir, args...)
	c.Env = append(c.Env, env...)
	c.Stdin, c.Stdout, c.Stderr = tty, tty, tty
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	var seen bytes.Buffer
	_, _ = io.Copy(&seen, screen) // ends with an error when the last writer is gone
	if err := c.Wait(); err != nil {
		t.Errorf("%v: %s", err, seen.String())
	}
	return seen.String()
}

// up is how mpb goes back over what it drew.
var up = regexp.MustCompile(`\x1b\[(\d+)A\x1b\[J`)

// shown replays what was written as a terminal does: the lines that are left in the end.
func shown(written string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.ReplaceAll(written, "\r\n", "\n"), "\n") {
		for m := up.FindStringSubmatchIndex(line); m != nil; m = up.FindStringSubmatchIndex(line) {
			var n int
			_, _ = fmt.Sscan(line[m[2]:m[3]], &n)
			lines = lines[:max(0, len(lines)-n)]
			line = line[m[1]:]
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// On a terminal there is a bar while finite input is read, and nothing of it is left in the end.
func TestRunOnATerminal(t *testing.T) {
	t.Parallel()
	dir := project(t, "sources: {in: {file: {path: in.jsonl, rate: 1000/s}, decode: {format: json, key: k}}}\nsessions: {s: {from: [in]}}\n")
	write(t, dir, "in.jsonl", strings.Repeat("{\"k\":\"a\"}\n", 1500))
	written := onTerminal(t, dir, nil, "run", "--until-idle", "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	if !strings.Contains(written, "%") || !strings.Contains(written, "[=") {
		t.Errorf("no bar: %q", written)
	}
	left := shown(written)
	for _, want := range []string{"listening on ", "settled: 1500 messages, 1 sessions in s", "stopped\n"} {
		if strings.Count(left, want) != 1 {
			t.Errorf("want %q once in what is left:\n%s", want, left)
		}
	}
	if strings.Contains(left, "%") {
		t.Errorf("the bar is left:\n%s", left)
	}
}

// Colour is for terminals, and not if NO_COLOR is set.
func TestColour(t *testing.T) {
	t.Parallel()
	dir := project(t, counted)
	w := startWheel(t, dir)
	w.wait("settled")
	if seen := onTerminal(t, dir, nil, "stats", "--addr", w.addr); !strings.Contains(seen, "\x1b[32msettled\x1b[0m") {
		t.Errorf("no colour: %q", seen)
	}
	if seen := onTerminal(t, dir, []string{"NO_COLOR=1"}, "stats", "--addr", w.addr); strings.Contains(seen, "\x1b[") {
		t.Errorf("colour in spite of NO_COLOR: %q", seen)
	}
	if r := w.run("stats"); strings.Contains(r.out, "\x1b") {
		t.Errorf("colour in a pipe: %q", r.out)
	}
}
