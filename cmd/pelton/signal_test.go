package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A drain that can't end, because nobody reads the sink's pipe, is cut short by a second signal.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	dir := project(t, `arena: {size: 1MiB, max_message: 64KiB}
sources: {flights: {demo: {size: 10KiB}, decode: {format: json, key: origin}}}
sinks: {out: {from: [flights], stdout: {}, buffer: 64KiB}}
`)
	unread, stdout, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer unread.Close()
	defer stdout.Close()
	c := command(t.Context(), dir, "run", "--json", "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	c.Stdout = stdout
	said, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
	defer timer.Stop()
	var all []string
	for lines := bufio.NewScanner(said); lines.Scan(); {
		all = append(all, lines.Text())
		if strings.Contains(lines.Text(), `"event":"paused"`) { // the pipe is full, and so is all behind it
			_ = c.Process.Signal(syscall.SIGTERM)
			_ = c.Process.Signal(syscall.SIGINT) // another one: two of a kind may arrive as one
		}
	}
	_ = c.Wait()
	text := strings.Join(all, "\n")
	if code := c.ProcessState.ExitCode(); code != 1 || !strings.Contains(text, "pelton: second signal (") {
		t.Errorf("exit %d: %s", code, text)
	}
}

// A follower goes on where it was when its wheel is killed and comes back: every id once, in order.
func TestFollowAcrossAKill(t *testing.T) {
	t.Parallel()
	const count = 600
	dir := project(t, "sources: {flights: {demo: {count: 600, keys: 1, rate: 600/s}, decode: {format: json, key: origin}}}\nsessions: {latest: {from: [flights]}}\n")
	w := startWheel(t, dir)
	c := command(t.Context(), dir, "session", "follow", "latest", "ORD", "--after", "", "--limit", "600", "--json", "--addr", w.addr)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
	defer timer.Stop()
	var want uint64
	for lines := bufio.NewScanner(out); lines.Scan(); {
		want++
		var s struct {
			ID uint64 `json:"id"`
		}
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil || s.ID != want {
			t.Fatalf("%v: got %s, want id %d", err, lines.Text(), want)
		}
		if want == count/4 {
			w.stop(syscall.SIGKILL)
			startWheel(t, dir, "--listen", w.addr)
		}
	}
	if err := c.Wait(); err != nil || want != count {
		t.Errorf("%v after %d of %d", err, want, count)
	}
}

// A signal ends a follow, and that is no failure.
func TestFollowEndsBySignal(t *testing.T) {
	t.Parallel()
	w := startWheel(t, project(t, counted))
	c := command(t.Context(), w.dir, "session", "follow", "latest", "ORD", "--addr", w.addr)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
	defer timer.Stop()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		_ = c.Process.Signal(syscall.SIGINT)
	}
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
}
