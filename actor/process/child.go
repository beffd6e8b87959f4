package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// child is one process, the leader of its group.
type child struct {
	cmd    *exec.Cmd
	log    *logger
	exited chan struct{} // closed when it is gone and its last lines are read
	state  *os.ProcessState

	mu   sync.Mutex
	gone bool // it is over: its number may belong to another
}

// SocketVariable is the environment variable that names the socket to attach to, as gRPC writes addresses: unix:PATH.
const SocketVariable = "PELTON_PLUGIN"

// inherited are the variables that a process has from the wheel; all others, secrets among them, it has from the config
// only.
var inherited = []string{"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR"}

// pipeDelay is how long a process may be gone while another holds its standard output.
const pipeDelay = 500 * time.Millisecond

// launch starts the module's command.
func (m *Module) launch(socket string, log *logger) (*child, error) {
	c := &child{cmd: exec.CommandContext(context.Background(), m.command[0], m.command[1:]...), log: log, exited: make(chan struct{})}
	out := &lines{line: func(s string) { log.line("info", s) }}
	err := &lines{line: log.error}
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr, c.cmd.WaitDelay = m.layout.dir, out, err, pipeDelay
	c.cmd.Env = append(environment(os.Environ(), m.program.config.Env), SocketVariable+"=unix:"+socket)
	group(c.cmd)
	if err := m.program.runtime.start(c.cmd); err != nil {
		return nil, m.unstarted(err)
	}
	go func() {
		defer close(c.exited)
		c.reap()
		out.flush()
		err.flush()
	}()
	return c, nil
}

// environment is the inherited variables with those of the config behind, which win.
func environment(from, more []string) []string {
	var env []string
	for _, v := range from {
		name, _, _ := strings.Cut(v, "=")
		if slices.Contains(inherited, name) || strings.HasPrefix(name, "LC_") {
			env = append(env, v)
		}
	}
	return append(env, more...)
}

// unstarted says what to do about a command that the system would not start.
func (m *Module) unstarted(err error) error {
	name := m.command[0]
	if local, e := filepath.Rel(m.layout.dir, name); e == nil && filepath.IsLocal(local) {
		name = local
	}
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("command %s is not found: neither it nor the interpreter of its first line may be missing: %w", name, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("command %s is not executable: chmod +x it, or put its interpreter in front: %w", name, err)
	}
	return fmt.Errorf("command %s does not start: %w", name, err)
}

// reap waits for the end of the process, ends what it left in its group, and takes its status. The group is ended before,
// while the number of the process can't be another's.
func (c *child) reap() {
	await(c.cmd.Process.Pid)
	c.mu.Lock()
	endGroup(c.cmd.Process.Pid)
	c.gone = true
	c.mu.Unlock()
	_ = c.cmd.Wait() // the state says more
	c.state = c.cmd.ProcessState
}

// kill ends the process and its group.
func (c *child) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.gone {
		endGroup(c.cmd.Process.Pid)
	}
}

// ending says how the process ended and what it said; exited must be closed.
func (c *child) ending() error {
	how := "ended"
	if c.state != nil {
		how = "ended with " + c.state.String()
	}
	if words := c.log.words(); words != "" {
		return fmt.Errorf("%s (the process %s)", words, how)
	}
	return fmt.Errorf("the process %s", how)
}
