package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// Options are how the runtime works.
type Options struct {
	Dir string // where the files of programs are laid out; default "pelton/process" in the user's cache directory
}

// Runtime starts processes.
type Runtime struct {
	dir    string
	starts chan start
	ended  chan struct{}
	once   sync.Once
	thread sync.WaitGroup
}

// start is a process to be started by the runtime's thread.
type start struct {
	cmd  *exec.Cmd
	done chan error
}

// New makes a runtime. Files that a wheel left when it was killed are removed.
func New(o Options) (*Runtime, error) {
	if !supported {
		return nil, errors.New("process plugins need a Unix system; use wasm or native")
	}
	if o.Dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("no cache directory: %w; set XDG_CACHE_HOME or HOME", err)
		}
		o.Dir = filepath.Join(base, "pelton", "process")
	}
	dir, err := filepath.Abs(o.Dir)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("directory of process plugins: %w", err)
	}
	sweep(dir)
	r := &Runtime{dir: dir, starts: make(chan start), ended: make(chan struct{})}
	r.thread.Go(r.serve)
	return r, nil
}

// serve starts processes, all from one thread that lives as long as the runtime: the kernel ends a child that asked for
// it (PDEATHSIG) when the thread that made it ends, not only when the process does.
func (r *Runtime) serve() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		select {
		case s := <-r.starts:
			s.done <- s.cmd.Start()
		case <-r.ended:
			return
		}
	}
}

// start starts a command.
func (r *Runtime) start(cmd *exec.Cmd) error {
	s := start{cmd, make(chan error, 1)}
	select {
	case r.starts <- s:
		return <-s.done
	case <-r.ended:
		return errors.New("the runtime is closed")
	}
}

// Close ends the runtime. Its modules and instances must be closed before.
func (r *Runtime) Close() {
	r.once.Do(func() { close(r.ended) })
	r.thread.Wait()
}

// Config is how a program is run.
type Config struct {
	Command []string // the program and its arguments; a program without a slash is searched on PATH
	// Dir is the program's directory, all files of which are its artifact; the command's paths are relative to it. Without
	// it the artifact is the files that the command names, relative to Base.
	Dir   string
	Base  string        // default the working directory
	Env   []string      // NAME=value, beside what every plugin gets
	Ready time.Duration // how long it may take to attach and to start; default 10 s
	Limit int64         // bytes of an artifact; default 64 MiB
}

// Program is a configured program; it implements [actor.Runtime] for its versions.
type Program struct {
	runtime *Runtime
	config  Config
	root    string
	plan    plan
}

// Program looks at a configuration. Errors name what is not there.
func (r *Runtime) Program(c Config) (*Program, error) {
	if len(c.Command) == 0 || c.Command[0] == "" {
		return nil, errors.New("command is empty; give the program and its arguments")
	}
	if c.Ready <= 0 {
		c.Ready = DefaultReady
	}
	if c.Limit <= 0 {
		c.Limit = 64 << 20
	}
	root := c.Base
	if c.Dir != "" {
		root = c.Dir
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	p := &Program{runtime: r, config: c, root: root}
	if err := p.resolve(); err != nil {
		return nil, err
	}
	return p, nil
}

// DefaultReady is how long a process may take to start.
const DefaultReady = 10 * time.Second
