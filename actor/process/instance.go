package process

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	pluginv1 "github.com/peltonhq/pelton/api/gen/pelton/plugin/v1"
)

// Instance is one plugin that runs as a process; it implements [actor.Instance].
type Instance struct {
	module  *Module
	env     actor.Env
	run     *run // of the process that there is now
	outputs []pelton.Output
	reducer bool
	keeps   bool // a state, which can be handed over
	batch   batch
	closed  bool
}

// run is one process of an instance, with all that ends with it.
type run struct {
	child *child
	link  *link
	watch watch
	cause atomic.Pointer[actor.Fault] // why it was ended; nil while it was not
	over  chan struct{}               // closed when nothing of it is left
	asked uint64                      // number of the last batch
	group sync.WaitGroup
}

const (
	leave = time.Second            // for a process to leave after Close
	grace = 500 * time.Millisecond // for one whose stream ended to end too, so that its status is known
)

func newInstance(m *Module, env actor.Env) *Instance {
	if env.Limits.Memory <= 0 {
		env.Limits.Memory = actor.DefaultMemory
	}
	if env.Limits.Time <= 0 {
		env.Limits.Time = int64(actor.DefaultTime)
	}
	if env.Limits.Output <= 0 {
		env.Limits.Output = actor.DefaultOutput
	}
	if len(env.Config) == 0 {
		env.Config = []byte("{}")
	}
	if env.Log == nil {
		env.Log = func(string, string) {}
	}
	return &Instance{module: m, env: env}
}

// start starts a process and takes what it declares.
func (i *Instance) start(ctx context.Context) error {
	ready := i.module.program.config.Ready
	ctx, cancel := context.WithTimeoutCause(ctx, ready, errNotReady)
	defer cancel()
	r, err := i.launch()
	if err != nil {
		return err
	}
	if err := i.introduce(ctx, r); err != nil {
		r.kill(broken(actor.FaultTrap, "it did not start"))
		<-r.over
		return err
	}
	i.run = r
	return nil
}

var errNotReady = errors.New("it is not ready in time")

// launch starts the process, its link and its watch.
func (i *Instance) launch() (*run, error) {
	r := &run{over: make(chan struct{})}
	log := newLogger(i.env.Log)
	const beside = 1 << 20 // what an answer may hold beside the emits of one delivery
	l, err := newLink(log, int(i.env.Limits.Output)+beside)
	if err != nil {
		return nil, fmt.Errorf("socket of a process plugin: %w", err)
	}
	r.link = l
	if r.child, err = i.module.launch(l.socket.path(), log); err != nil {
		l.close()
		return nil, err
	}
	r.watch.init(r, i.env.Limits)
	r.group.Go(r.watch.serve)
	go r.serve()
	return r, nil
}

// serve sees the end of the process or of its stream, whatever comes first, and lets the other follow.
func (r *run) serve() {
	defer close(r.over)
	select {
	case <-r.child.exited:
	case <-r.link.ended:
		if f := r.link.fault; f != nil {
			r.kill(f)
		}
		select {
		case <-r.child.exited:
		case <-time.After(grace):
			r.kill(broken(actor.FaultTrap, "the process closed its stream and went on"))
			<-r.child.exited
		}
	}
	r.link.close()
	r.group.Wait()
}

// lost sees to it that a process to which nothing can be sent ends.
func (r *run) lost(err error) {
	select {
	case <-r.link.ended:
	case <-r.child.exited:
	case <-time.After(grace):
		r.kill(broken(actor.FaultTrap, "its stream failed: %w", err))
	}
}

// end waits for the process and tells what ended it, or how it ended.
func (r *run) end() *actor.Fault {
	<-r.child.exited
	if f := r.cause.Load(); f != nil {
		return f
	}
	return &actor.Fault{Kind: actor.FaultTrap, Broken: true, Err: r.child.ending()}
}

// kill ends the process for a reason; only the first one counts.
func (r *run) kill(f *actor.Fault) {
	r.cause.CompareAndSwap(nil, f)
	r.child.kill()
}

// introduce waits for the process, tells it its config and takes what it declares.
func (i *Instance) introduce(ctx context.Context, r *run) error {
	var hello *pluginv1.Hello
	select {
	case hello = <-r.link.attached:
	case <-r.child.exited:
		return i.early(r, "before it attached to $"+SocketVariable)
	case <-ctx.Done():
		return i.unready(ctx, r, "it did not attach to $"+SocketVariable)
	}
	if v := hello.GetVersion(); v != protocolVersion {
		return fmt.Errorf("the program speaks version %d of the protocol (%s), this wheel speaks %d; use an SDK of this version", v, clean(hello.GetSdk(), 64), protocolVersion)
	}
	first := &pluginv1.Init{Plugin: i.env.Plugin, Config: i.env.Config, Output: i.env.Limits.Output}
	if err := r.link.send(&pluginv1.AttachResponse{Message: &pluginv1.AttachResponse_Init{Init: first}}); err != nil {
		r.lost(err)
		return i.early(r, "before it was told its config")
	}
	select {
	case m := <-r.link.inbox:
		return i.declared(m.GetStarted())
	case <-r.link.ended:
		return i.early(r, "in its start")
	case <-ctx.Done():
		return i.unready(ctx, r, "it did not answer Init")
	}
}

// early is the error of a process that left before it was ready, with what it said last.
func (i *Instance) early(r *run, when string) error {
	<-r.child.exited
	if f := r.cause.Load(); f != nil {
		return fmt.Errorf("the process was ended %s: %w%s", when, f.Err, said(r))
	}
	return fmt.Errorf("the process left %s: %s%s", when, r.child.state, said(r))
}

func (i *Instance) unready(ctx context.Context, r *run, what string) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, errNotReady) {
		return fmt.Errorf("the process was not ready within %s (process.ready): %s%s", i.module.program.config.Ready, what, said(r))
	}
	return cause
}

// said is the end of the process's standard error, as an appendix.
func said(r *run) string {
	if tail := r.child.log.tail(); tail != "" {
		return "; it said:\n" + tail
	}
	return "; it said nothing on standard error"
}

// outputName is what a name of an output may be.
var outputName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

const maxOutputs = 256

// declared takes the answer to Init.
func (i *Instance) declared(s *pluginv1.Started) error {
	switch {
	case s == nil:
		return errors.New("the process answered Init with something else than Started")
	case s.GetRefusal() != "":
		return fmt.Errorf("the plugin refused to start: %s", clean(s.GetRefusal(), 4<<10))
	case s.GetRole() == pluginv1.Role_ROLE_REDUCER:
		i.reducer, i.outputs, i.keeps = true, nil, false
		return nil
	case s.GetRole() != pluginv1.Role_ROLE_HANDLER:
		return fmt.Errorf("the process answered Init with role %d; want 1 (handler) or 2 (reducer)", s.GetRole())
	case len(s.GetOutputs()) > maxOutputs:
		return fmt.Errorf("the process declares %d outputs; at most %d", len(s.GetOutputs()), maxOutputs)
	}
	i.reducer, i.keeps, i.outputs = false, s.GetKeeps(), make([]pelton.Output, len(s.GetOutputs()))
	for n, o := range s.GetOutputs() {
		if !outputName.MatchString(o.GetName()) {
			return fmt.Errorf("the process declares output %q; a name has 1 to 64 letters, digits, - and _", clean(o.GetName(), 64))
		}
		i.outputs[n] = pelton.Output{Name: o.GetName(), ContentType: clean(o.GetContentType(), typeLimit)}
	}
	return nil
}

// Outputs are what the plugin declared.
func (i *Instance) Outputs() []pelton.Output { return i.outputs }

// Reducer reports whether the plugin folds.
func (i *Instance) Reducer() bool { return i.reducer }

// Memory is the bytes that the process and its children held at the last look; 0 where that is not known.
func (i *Instance) Memory() int64 { return i.run.watch.held.Load() }

// Close tells the process to leave, waits for a second, and ends it and its group.
func (i *Instance) Close(ctx context.Context) error {
	if i.closed {
		return nil
	}
	i.closed = true
	r := i.run
	end := func() { r.kill(errClosed) }
	timer := time.AfterFunc(leave, end)
	defer timer.Stop()
	defer context.AfterFunc(ctx, end)()
	if r.cause.Load() == nil {
		_ = r.link.send(&pluginv1.AttachResponse{Message: &pluginv1.AttachResponse_Close{Close: &pluginv1.Close{}}}) // if it fails it is over
	}
	<-r.over
	return nil
}

var errClosed = broken(actor.FaultTrap, "the instance is closed")
