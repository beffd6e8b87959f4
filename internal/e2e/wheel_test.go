package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
)

// wheel is one process of `pelton run --json`.
type wheel struct {
	t          *testing.T
	cmd        *exec.Cmd
	http, grpc string
	events     chan event // closed when the process has closed its output
	told       []event    // of them, those that await has seen
	said       *bytes.Buffer
	ended      bool
	warned     bool // warnings are for the test to look at
}

type event struct {
	Event    string `json:"event"`
	HTTP     string `json:"http"`
	GRPC     string `json:"grpc"`
	MQTT     string `json:"mqtt"`
	Source   string `json:"source"`
	Plugin   string `json:"plugin"`
	Outcome  string `json:"outcome"`
	Reason   string `json:"reason"`
	Revision int    `json:"revision"`
	Figures  struct {
		Messages uint64            `json:"messages"`
		Dead     uint64            `json:"dead"`
		Parked   uint64            `json:"parked"`
		Sessions map[string]uint64 `json:"sessions"`
		Sinks    map[string]uint64 `json:"sinks"`
	} `json:"figures"`
}

// command is the program, with nothing of the machine's PELTON_ variables.
func command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, binary, args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PELTON_") {
			c.Env = append(c.Env, v)
		}
	}
	return c
}

// start runs a wheel whose store lies beside its config, and waits until it listens.
func start(t *testing.T, config string, flags ...string) *wheel {
	t.Helper()
	return launch(t, wheelOf(t, config, flags...))
}

// startWarned is start for a wheel that has something to warn of.
func startWarned(t *testing.T, config string, flags ...string) *wheel {
	t.Helper()
	return launched(t, wheelOf(t, config, flags...), true)
}

// wheelOf is the command line of start.
func wheelOf(t *testing.T, config string, flags ...string) *exec.Cmd {
	t.Helper()
	store := filepath.Join(filepath.Dir(config), "store")
	args := []string{"run", config, "--json", "--store", store, "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0"}
	return command(limited(t), append(args, flags...)...)
}

// launch runs a wheel and waits until it listens. Its events are on standard output; on standard error if the command
// has a standard output already, which a sink writes to.
func launch(t *testing.T, c *exec.Cmd) *wheel {
	t.Helper()
	return launched(t, c, false)
}

func launched(t *testing.T, c *exec.Cmd, warned bool) *wheel {
	t.Helper()
	w := &wheel{t: t, cmd: c, warned: warned, events: make(chan event, 64), said: &bytes.Buffer{}}
	pipe := c.StderrPipe
	if c.Stdout == nil {
		c.Stderr, pipe = w.said, c.StdoutPipe
	}
	out, err := pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go w.listen(bufio.NewScanner(out))
	t.Cleanup(func() {
		if !w.ended {
			_ = w.cmd.Process.Kill()
			w.wait()
		}
	})
	e := w.await("listening")
	w.http, w.grpc = e.HTTP, e.GRPC
	return w
}

// listen reads events until the output ends. A wheel tells few, so the channel takes them although nobody waits.
func (w *wheel) listen(lines *bufio.Scanner) {
	defer close(w.events)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			w.t.Errorf("run --json printed %q: %v", lines.Text(), err)
		}
		w.events <- e
	}
}

// await waits for an event of that kind. That the process ends before fails the test.
func (w *wheel) await(kind string) event {
	w.t.Helper()
	for e := range w.events {
		w.told = append(w.told, e)
		switch e.Event {
		case kind:
			return e
		case "failed", "warning":
			if w.warned {
				continue
			}
			w.t.Errorf("the wheel told: %s: %s", e.Event, e.Reason)
		}
	}
	w.wait()
	w.t.Fatalf("the wheel ended (%v) before it said %q:\n%s", w.cmd.ProcessState, kind, w.said)
	return event{}
}

// wait reaps the process, once.
func (w *wheel) wait() {
	if w.ended {
		return
	}
	w.ended = true
	for range w.events { // all output is read before Wait closes it
	}
	_ = w.cmd.Wait() // how it ended is in ProcessState
	for _, trace := range []string{"goroutine ", "panic:", "fatal error"} {
		if strings.Contains(w.said.String(), trace) {
			w.t.Errorf("the wheel crashed:\n%s", w.said)
			return
		}
	}
}

// kill ends the process as the kernel's memory killer would.
func (w *wheel) kill() {
	w.t.Helper()
	if err := w.cmd.Process.Kill(); err != nil {
		w.t.Fatalf("the wheel was gone before it was killed: %v\n%s", err, w.said)
	}
	w.wait()
	if s, ok := w.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !s.Signaled() || s.Signal() != syscall.SIGKILL {
		w.t.Fatalf("the wheel ended by itself (%v) before it was killed\n%s", w.cmd.ProcessState, w.said)
	}
}

// stop drains the wheel.
func (w *wheel) stop() {
	w.t.Helper()
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		w.t.Fatal(err)
	}
	w.exit()
}

// exit waits until the wheel ends by itself, well.
func (w *wheel) exit() {
	w.t.Helper()
	w.await("stopped")
	w.wait()
	if code := w.cmd.ProcessState.ExitCode(); code != 0 {
		w.t.Fatalf("exit code %d\n%s", code, w.said)
	}
}

// client is a client of the wheel, until the test ends.
func (w *wheel) client() *client.Client {
	c := client.New(w.http)
	w.t.Cleanup(c.Close)
	return c
}

// dir is the directory of the wheel's config.
func (w *wheel) dir() string { return filepath.Dir(w.cmd.Args[2]) }

// until waits for figures of the wheel that hold, and returns them.
func (w *wheel) until(holds func(api.Stats) bool) api.Stats {
	w.t.Helper()
	var last api.Stats
	done := errors.New("they hold")
	err := w.client().WatchStats(limited(w.t), 100*time.Millisecond, func(s api.Stats) error {
		if last = s; holds(s) {
			return done
		}
		return nil
	})
	if !errors.Is(err, done) {
		w.t.Fatalf("the figures of the wheel ended (%v); the last were %+v", err, last)
	}
	return last
}

// watermark is how far the wheel's only source has come, in its unit, and where it ends.
func watermark(t *testing.T, s api.Stats) (at, size uint64) {
	t.Helper()
	if len(s.Sources) != 1 || len(s.Sources[0].Lanes) != 1 {
		t.Fatalf("want one source with one lane: %+v", s.Sources)
	}
	lane := s.Sources[0].Lanes[0]
	return lane.Watermark, lane.Size
}
