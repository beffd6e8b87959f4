package wheel

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
)

// Options of a process.
type Options struct {
	Binary string
	Config string
	Store  string
	Flags  []string
	Env    []string // NAME=VALUE, beside those of this process that are not PELTON_…
}

// Wheel is one process. Addr is of its HTTP API.
type Wheel struct {
	Addr string

	cmd   *exec.Cmd
	said  *bytes.Buffer // standard error; to be read when done is closed
	told  []event
	ready chan struct{} // closed when it listens
	done  chan struct{} // closed when the process is reaped
}

type event struct {
	Event  string `json:"event"`
	HTTP   string `json:"http"`
	Reason string `json:"reason"`
}

// ErrEnded says that the process ended by itself.
var ErrEnded = errors.New("the wheel ended")

// Start runs a wheel and waits until it listens.
func Start(ctx context.Context, o Options) (*Wheel, error) {
	w, err := Launch(o)
	if err != nil {
		return nil, err
	}
	select {
	case <-w.ready:
		return w, nil
	case <-w.done:
		return nil, fmt.Errorf("%w (%v) before it listened: %s", ErrEnded, w.cmd.ProcessState, w.Said())
	case <-ctx.Done():
		w.Kill()
		return nil, fmt.Errorf("the wheel does not listen: %w; it said: %s", context.Cause(ctx), w.Said())
	}
}

// Launch runs a wheel and does not wait.
func Launch(o Options) (*Wheel, error) {
	args := append([]string{"run", o.Config, "--json", "--store", o.Store, "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0"}, o.Flags...)
	w := &Wheel{cmd: exec.Command(o.Binary, args...), said: &bytes.Buffer{}, ready: make(chan struct{}), done: make(chan struct{})}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PELTON_") {
			w.cmd.Env = append(w.cmd.Env, v)
		}
	}
	w.cmd.Env = append(w.cmd.Env, o.Env...)
	w.cmd.Stderr = w.said
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	go w.listen(bufio.NewScanner(out))
	return w, nil
}

func (w *Wheel) listen(lines *bufio.Scanner) {
	defer close(w.done)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue // the rest of a line that the kill cut off
		}
		w.told = append(w.told, e)
		if e.Event == "listening" {
			w.Addr = e.HTTP
			close(w.ready)
		}
	}
	_ = w.cmd.Wait() // how it ended is in ProcessState
}

// Kill ends the process as the kernel's memory killer would.
func (w *Wheel) Kill() {
	_ = w.cmd.Process.Kill() // it may have ended by itself
	<-w.done
}

// Killed reports whether a signal ended the process that is over, and not the process itself.
func (w *Wheel) Killed() bool {
	s, ok := w.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && s.Signaled() && s.Signal() == syscall.SIGKILL
}

// Stop drains the wheel, which must end well.
func (w *Wheel) Stop(ctx context.Context) error {
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	code, err := w.Wait(ctx)
	if err == nil && code != 0 {
		err = fmt.Errorf("the wheel exited with %d when it was told to stop: %s", code, w.Said())
	}
	return err
}

// Wait waits until the process ends by itself and gives its exit code.
func (w *Wheel) Wait(ctx context.Context) (code int, err error) {
	select {
	case <-w.done:
		return w.cmd.ProcessState.ExitCode(), nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// Ready is closed when the wheel listens.
func (w *Wheel) Ready() <-chan struct{} { return w.ready }

// Done is closed when the process is over.
func (w *Wheel) Done() <-chan struct{} { return w.done }

// Said is what the process wrote to standard error, and told as failures; only when it is over.
func (w *Wheel) Said() string {
	<-w.done
	said := strings.TrimSpace(w.said.String())
	for _, e := range w.told {
		if e.Event == "failed" || e.Event == "warning" {
			said += "; " + e.Event + ": " + e.Reason
		}
	}
	return said
}

// Crashed tells a panic of the process that is over from an end that it chose.
func (w *Wheel) Crashed() error {
	for _, trace := range []string{"goroutine ", "panic:", "fatal error"} {
		if strings.Contains(w.Said(), trace) {
			return fmt.Errorf("the wheel crashed: %s", w.Said())
		}
	}
	return nil
}

// Client is a client of the wheel; close it.
func (w *Wheel) Client() *client.Client { return client.New(w.Addr) }

// Until waits for figures that hold. That the wheel ends first is an error.
func (w *Wheel) Until(ctx context.Context, holds func(api.Stats) bool) (api.Stats, error) {
	var last api.Stats
	done := errors.New("they hold")
	c := w.Client()
	defer c.Close()
	err := c.WatchStats(ctx, 100*time.Millisecond, func(s api.Stats) error {
		if last = s; holds(s) {
			return done
		}
		return nil
	})
	if errors.Is(err, done) {
		return last, nil
	}
	if err == nil {
		err = ErrEnded
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return last, fmt.Errorf("%w; the last figures were %+v", err, last)
}

// Snapshots gives every snapshot of a session name, from the beginning to the heads of now, in the order of the log.
func (w *Wheel) Snapshots(ctx context.Context, name string, give func(payload []byte) error) error {
	c := w.Client()
	defer c.Close()
	heads, err := c.AllHeads(ctx, name)
	if err != nil {
		return err
	}
	count := uint64(0)
	for _, h := range heads {
		count += h.ID
	}
	if count == 0 {
		return nil
	}
	ids := make(map[string]uint64, len(heads))
	for e, err := range c.Follow(ctx, api.FollowRequest{Name: name, Log: true, From: api.FromBeginning}, client.FollowOptions{}) {
		if err != nil {
			return err
		}
		if e.Kind != api.KindSnapshot {
			return fmt.Errorf("follow %s: an event of kind %v where a snapshot should be", name, e.Kind)
		}
		s := e.Snapshot
		if ids[s.Key]++; s.ID != ids[s.Key] {
			return fmt.Errorf("session %s %s: snapshot %d follows %d", name, s.Key, s.ID, ids[s.Key]-1)
		}
		if err := give(s.Payload); err != nil {
			return err
		}
		if count--; count == 0 {
			return nil
		}
	}
	return fmt.Errorf("follow %s ended with %d snapshots to come", name, count)
}
