package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// The figures of a pipe are those of the wheel, and without a terminal there is no screen to take.
func TestTopOnce(t *testing.T) {
	t.Parallel()
	w := startWheel(t, project(t, counted))
	w.wait("settled")
	r := w.run("top", "--once", "--every", "100ms", "--sort", "name")
	if r.code != 0 || !strings.Contains(r.out, "SOURCE") || !strings.Contains(r.out, "settled") || strings.Contains(r.out, "\x1b") {
		t.Errorf("%+v", r)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"top"}, "no terminal; `pelton top --once`"},
		{[]string{"top", "--sort", "size"}, "--sort size: want config, rate, name"},
		{[]string{"top", "--every", "1ms"}, "want at least 100ms"},
	} {
		if r := w.run(c.args...); r.code != 2 || !strings.Contains(r.err, c.want) {
			t.Errorf("%v: %+v, want %q", c.args, r, c.want)
		}
	}
}

// On a terminal it shows the wheel until q is pressed, and leaves the screen as it was.
func TestTopOnATerminal(t *testing.T) {
	t.Parallel()
	w := startWheel(t, project(t, counted))
	w.wait("settled")
	screen, tty := openTerminal(t)
	c := command(t.Context(), w.dir, "top", "--every", "100ms", "--addr", w.addr)
	c.Env = append(c.Env, "TERM=xterm-256color")
	c.Stdin, c.Stdout, c.Stderr = tty, tty, tty
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	var seen bytes.Buffer
	part := make([]byte, 4096)
	pressed := false
	for {
		n, err := screen.Read(part)
		seen.Write(part[:n])
		if !pressed && strings.Contains(ansi.Strip(seen.String()), "SOURCE") {
			pressed = true
			if _, err := io.WriteString(screen, "q"); err != nil {
				t.Fatal(err)
			}
		}
		if err != nil {
			break // the last writer is gone
		}
	}
	if err := c.Wait(); err != nil {
		t.Errorf("%v: %q", err, seen.String())
	}
	if !pressed || !strings.Contains(seen.String(), ansi.SetModeAltScreenSaveCursor) || !strings.Contains(seen.String(), ansi.ResetModeAltScreenSaveCursor) {
		t.Errorf("the screen was not taken and given back: %q", seen.String())
	}
}
