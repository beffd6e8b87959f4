package wasm

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

// Instance is one running guest; it implements [actor.Instance].
type Instance struct {
	env      actor.Env
	code     *Module
	module   api.Module
	memory   memory
	deadline *deadline
	stdio    stdio
	calls    calls
	window   window
	declared declared
	turn     *actor.Turn // that the imports work on; nil outside Handle
	chunk    chunk       // of the turn that the guest has now
	settled  held        // settlements of the call
	failed   string      // what the guest said of its init
	wrong    wrong
	users    atomic.Int32 // spans of calls under way, and one for being open
	closed   atomic.Bool
}

// stdio is where the guest's lines go.
type stdio struct {
	log      limiter
	out, err lines
}

// wrong is what went wrong.
type wrong struct {
	turn     *actor.Fault // what an import found wrong with the turn
	refusals int          // calls of imports since then
	broken   *actor.Fault // why the instance can't be used again
}

// calls are the guest's functions and the stack that all calls share.
type calls struct {
	handle, reduce api.Function
	window, init   api.Function
	abi            api.Function
	save, load     api.Function // nil when the guest keeps no state
	stack          [3]uint64
}

// declared is what the guest said about itself.
type declared struct {
	outputs []pelton.Output
	reducer bool
	fields  []string // it asked for, in the order of their indices
	missing string   // the last output it asked for and had not declared
	open    bool     // outputs may still be declared
	ctype   string   // the last content type, kept so that the next one costs no allocation
}

func newInstance(m *Module, env actor.Env) *Instance {
	set(&env.Limits.Memory, actor.DefaultMemory)
	set(&env.Limits.Time, int64(actor.DefaultTime))
	set(&env.Limits.Output, actor.DefaultOutput)
	n := &Instance{env: env, code: m}
	n.memory.limit = uint64(min(env.Limits.Memory, maxMemory))
	n.deadline = newDeadline(experimental.WithMemoryAllocator(context.Background(), &n.memory), n)
	n.stdio.log.init(env.Log)
	n.stdio.out = lines{log: &n.stdio.log, level: "info", work: n.deadline.work}
	n.stdio.err = lines{log: &n.stdio.log, level: "warn", work: n.deadline.work, watch: true}
	n.declared.open = true
	n.users.Store(1)
	return n
}

const maxMemory = 4 << 30 // of a 32-bit guest

func set(field *int64, value int64) {
	if *field <= 0 {
		*field = value
	}
}

// bind finds the functions of a module that check has seen.
func (n *Instance) bind(m api.Module) {
	n.module = m
	n.calls.abi = m.ExportedFunction(exportABI)
	n.calls.window = m.ExportedFunction(exportWindow)
	n.calls.init = m.ExportedFunction(exportInit)
	n.calls.handle = m.ExportedFunction(exportHandle)
	n.calls.reduce = m.ExportedFunction(exportReduce)
	n.calls.save = m.ExportedFunction(exportSave)
	n.calls.load = m.ExportedFunction(exportLoad)
}

// begin opens a span of calls, each answer of which may take limit. The fault is that of an instance that broke or was
// closed.
func (n *Instance) begin(ctx context.Context, limit time.Duration) *actor.Fault {
	if n.wrong.broken != nil {
		return n.wrong.broken
	}
	if !n.acquire() {
		return trap(errClosed)
	}
	n.memory.refused = false
	if n.wrong.turn != nil {
		n.wrong = wrong{}
	}
	if n.settled.settlements != nil {
		n.settled.reset()
	}
	n.deadline.begin(ctx, limit)
	return nil
}

// acquire adds a use, unless the last one is over.
func (n *Instance) acquire() bool {
	for {
		users := n.users.Load()
		if users == 0 {
			return false
		}
		if n.users.CompareAndSwap(users, users+1) {
			return true
		}
	}
}

var errClosed = errors.New("the instance is closed")

// end closes the span. An instance that was closed meanwhile is given back here.
func (n *Instance) end() {
	n.deadline.stop()
	n.drop(context.Background()) //nolint:errcheck // Close has answered already
}

// drop gives up one use. The last one closes the module and gives the memory back: never under a call that runs.
func (n *Instance) drop(ctx context.Context) (err error) {
	if n.users.Add(-1) > 0 {
		return nil
	}
	if n.module != nil {
		err = n.module.Close(ctx)
	}
	n.memory.release()
	return err
}

// call runs one function of the guest, of up to three parameters, and returns its i32. An error is a *Fault and breaks the
// instance.
func (n *Instance) call(f api.Function, a, b, c uint64) (int32, *actor.Fault) {
	n.calls.stack = [3]uint64{a, b, c}
	if n.code.watch != nil {
		return n.watched(f)
	}
	return n.answer32(f.CallWithStack(&n.deadline.bound, n.calls.stack[:]))
}

// watched is call with a watch beside it.
func (n *Instance) watched(f api.Function) (int32, *actor.Fault) {
	stop := n.code.watch(n.deadline)
	err := f.CallWithStack(&n.deadline.bound, n.calls.stack[:])
	stop()
	return n.answer32(err)
}

func (n *Instance) answer32(err error) (int32, *actor.Fault) {
	n.deadline.leave()
	if err != nil {
		n.wrong.broken = n.fault(err)
		return 0, n.wrong.broken
	}
	return int32(uint32(n.calls.stack[0])), nil
}

// version asks for the ABI version the module was built for.
func (n *Instance) version(ctx context.Context) error {
	fault := n.begin(ctx, n.code.grace)
	if fault != nil {
		return fault.Err
	}
	v, fault := n.call(n.calls.abi, 0, 0, 0)
	n.end()
	if fault != nil {
		return fmt.Errorf("%s: %w", exportABI, fault.Err)
	}
	if v != abiVersion {
		return fmt.Errorf("%w: the module is built for version %d of the ABI, this program has version %d; rebuild it with the SDK of this version", ErrABI, v, abiVersion)
	}
	return nil
}

// The answers of pelton_init.
const (
	roleHandler = 1
	roleReducer = 2
)

// init hands the config over and learns what the plugin is.
func (n *Instance) init(ctx context.Context) error {
	if fault := n.begin(ctx, n.code.grace); fault != nil {
		return fault.Err
	}
	defer n.end()
	config := n.env.Config
	if len(config) == 0 {
		config = []byte("{}")
	}
	if fault := n.openFirst(max(firstWindow, len(config))); fault != nil {
		if n.memory.room > 0 {
			return fmt.Errorf("%w: %w", errRoom, fault.Err)
		}
		return fmt.Errorf("%s: %w", exportWindow, fault.Err)
	}
	copy(n.lent(int(n.window.size)), config)
	role, fault := n.call(n.calls.init, uint64(n.window.at), uint64(len(config)), 0)
	n.declared.open = false
	switch {
	case fault != nil:
		return fmt.Errorf("the plugin's init failed: %w", fault.Err)
	case n.wrong.turn != nil:
		return fmt.Errorf("the plugin's init failed: %w", n.wrong.turn.Err)
	case role < 0:
		return fmt.Errorf("the plugin refused to start: %s", or(n.failed, "it gave no reason"))
	case role == roleHandler && n.calls.handle != nil:
	case role == roleReducer && n.calls.reduce != nil:
		n.declared.reducer, n.declared.outputs = true, nil
	default:
		return fmt.Errorf("%w: %s answered %d, want 1 with %s or 2 with %s", ErrABI, exportInit, role, exportHandle, exportReduce)
	}
	return nil
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// Outputs are what the plugin's init declared.
func (n *Instance) Outputs() []pelton.Output { return n.declared.outputs }

// Reducer reports whether the plugin folds.
func (n *Instance) Reducer() bool { return n.declared.reducer }

// Memory is the size of the guest's linear memory in bytes. It may be called from any goroutine.
func (n *Instance) Memory() int64 { return n.memory.size.Load() }

// Close ends the guest. It may be called more than once, and also after a timeout or while a turn that overran its
// time still runs: the memory then goes when that turn is over.
func (n *Instance) Close(ctx context.Context) error {
	if !n.closed.CompareAndSwap(false, true) {
		return nil
	}
	if n.users.Load() > 1 {
		n.deadline.end(context.Canceled)
	}
	return n.drop(ctx)
}
