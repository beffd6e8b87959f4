package wasm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/wasm/fuel"
)

// Options are how the runtime works.
type Options struct {
	// CacheDir keeps compiled machine code across processes: a Go guest then loads in tens of milliseconds rather
	// than a second. Empty keeps it in memory only. Several processes may share it.
	CacheDir string
	// Start bounds the start of an instance: its start function, and then its init; default 10 s of processor time. It is
	// more than limits.time since a Go guest sets up its heap there.
	Start time.Duration
	// Compilers is how many processors compile a module; default one, which leaves the others to the lanes.
	Compilers int
}

// Runtime implements [actor.Runtime] for WebAssembly modules.
type Runtime struct {
	engine    wazero.Runtime
	cache     wazero.CompilationCache
	start     time.Duration
	compilers int
	spare     func() (*Runtime, error) // without a directory; nil in the spare itself
	spared    *Runtime                 // the spare, once there is one
	watch     watch                    // nil but in tests
}

// watch ends a call from outside, by deadline.end, until it is told to stop. With one, artifacts run as they are and the engine
// looks at the deadline itself: tests compare what is metered with that.
type watch func(d *deadline) (stop func())

// ErrABI is wrapped by the errors of Load and Start about a module that is no plugin: no WebAssembly at all, an
// export missing or of another signature, an import that is not given, another version.
var ErrABI = errors.New("not a Pelton plugin")

// features are those of WebAssembly that guests may use: all that wazero has and the rewriter can meter.
const features = api.CoreFeaturesV2 | experimental.CoreFeaturesTailCall | experimental.CoreFeaturesExtendedConst

// New prepares the engine and the modules that guests import.
func New(ctx context.Context, o Options) (*Runtime, error) { return open(ctx, o, nil) }

func open(ctx context.Context, o Options, w watch) (*Runtime, error) {
	cache := wazero.NewCompilationCache()
	if o.CacheDir != "" {
		var err error
		if cache, err = wazero.NewCompilationCacheWithDir(o.CacheDir); err != nil {
			return nil, fmt.Errorf("compilation cache %s: %w", o.CacheDir, err)
		}
	}
	config := wazero.NewRuntimeConfig().WithCompilationCache(cache).WithCoreFeatures(features).WithDebugInfoEnabled(false).WithCloseOnContextDone(w != nil)
	r := &Runtime{engine: wazero.NewRuntimeWithConfig(ctx, config), cache: cache, start: o.Start, compilers: max(1, o.Compilers), watch: w}
	if r.start <= 0 {
		r.start = 10 * time.Second
	}
	if o.CacheDir != "" {
		r.spare = sync.OnceValues(func() (*Runtime, error) {
			spare, err := open(context.Background(), Options{}, w)
			r.spared = spare
			return spare, err
		})
	}
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r.engine); err != nil {
		return nil, errors.Join(fmt.Errorf("module wasi_snapshot_preview1: %w", err), r.Close(ctx))
	}
	if err := provide(ctx, r.engine); err != nil {
		return nil, errors.Join(fmt.Errorf("modules pelton and pelton_fuel: %w", err), r.Close(ctx))
	}
	return r, nil
}

// Close ends the runtime. Its modules and instances must be closed before.
func (r *Runtime) Close(ctx context.Context) error {
	err := errors.Join(r.engine.Close(ctx), r.cache.Close(ctx))
	if r.spared != nil {
		err = errors.Join(err, r.spared.Close(ctx))
	}
	return err
}

// meter gives the artifact as it is run: it asks for fuel. The rewriter comes first, since it bounds what a module makes
// the engine allocate; then the engine validates the artifact, whose own words are better than those about its
// rewritten form, and which must not owe its validity to that.
func (r *Runtime) meter(artifact []byte) ([]byte, error) {
	if r.watch != nil {
		return artifact, nil
	}
	metered, err := fuel.Rewrite(artifact, fuel.Options{Module: fuelModule, Name: fuelName, Elements: mostElements})
	if err == nil {
		err = r.validate(fuel.Bare(artifact))
	}
	switch {
	case errors.Is(err, fuel.ErrUnsupported):
		return nil, fmt.Errorf("%w: the module uses what plugins can't use: %w", ErrABI, err)
	case err != nil:
		return nil, fmt.Errorf("%w: the module is not valid WebAssembly: %s", ErrABI, firstLine(err.Error()))
	}
	return metered, nil
}

// mostElements of all tables of a guest together; they are the host's memory, 8 bytes each.
const mostElements = 1 << 18

// validate lets the engine look at a module and not compile it: that is cancelled before it begins.
func (r *Runtime) validate(artifact []byte) error {
	ctx, cancel := context.WithCancel(experimental.WithCompilationWorkers(context.Background(), 2))
	cancel()
	compiled, err := look(ctx, r.engine, artifact)
	switch {
	case errors.Is(err, context.Canceled):
		return nil
	case err == nil: // nothing in it is to be compiled
		return compiled.Close(context.Background())
	default:
		return err
	}
}

// look lets the engine read a module. It panics on some that are not valid, which fuzzing found; nobody's artifact may end
// the host.
func look(ctx context.Context, engine wazero.Runtime, module []byte) (compiled wazero.CompiledModule, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the engine can't read it: %v", p)
		}
	}()
	return engine.CompileModule(ctx, module)
}

// compile makes machine code of a module. The directory is only a cache: if it is damaged, or its disk full, the module
// is compiled without it.
func (r *Runtime) compile(ctx context.Context, metered []byte) (wazero.Runtime, wazero.CompiledModule, error) {
	compiled, err := look(experimental.WithCompilationWorkers(ctx, r.compilers), r.engine, metered)
	if err == nil {
		return r.engine, compiled, nil
	}
	if r.spare != nil {
		if spare, failed := r.spare(); failed == nil {
			return spare.compile(ctx, metered)
		}
	}
	return nil, nil, fmt.Errorf("compile the module: %s", firstLine(err.Error()))
}

// Load checks that the artifact is a plugin and compiles it. It runs the module's initialisation once, bounded in
// time and memory, to ask for its version.
func (r *Runtime) Load(ctx context.Context, artifact []byte) (actor.Module, error) {
	if len(artifact) < 8 || string(artifact[:4]) != "\x00asm" {
		return nil, fmt.Errorf("%w: the artifact does not begin like a WebAssembly module; give a .wasm file or a directory with a plugin's source", ErrABI)
	}
	metered, err := r.meter(artifact)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(artifact)
	m := &Module{watch: r.watch, grace: r.start, digest: "sha256:" + hex.EncodeToString(sum[:])}
	if m.engine, m.compiled, err = r.compile(ctx, metered); err != nil {
		return nil, err
	}
	if err = check(m.compiled); err == nil {
		err = m.probe(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, m.Close(ctx))
	}
	return m, nil
}

// Module is a compiled plugin.
type Module struct {
	engine   wazero.Runtime
	compiled wazero.CompiledModule
	watch    watch // Runtime.watch
	digest   string
	grace    time.Duration // Options.Start
	dirty    atomic.Int32  // how often an instance wrote into what it is shown
	told     atomic.Bool   // why payloads are copied though the config wants them shown
}

// Digest is "sha256:<hex>" of the artifact.
func (m *Module) Digest() string { return m.digest }

// Close frees the machine code. Instances must be closed before.
func (m *Module) Close(ctx context.Context) error { return m.compiled.Close(ctx) }

// probe asks a throw-away instance for the version of the ABI it was made for.
func (m *Module) probe(ctx context.Context) error {
	n, err := m.instantiate(ctx, actor.Env{Log: func(string, string) {}, Limits: actor.Limits{Memory: max(actor.DefaultMemory, m.minimum())}}, 0)
	if err != nil {
		return err
	}
	defer n.Close(ctx) //nolint:errcheck // nothing was done with it
	return n.version(ctx)
}

// minimum is the memory that the module declares to need, in bytes.
func (m *Module) minimum() int64 {
	return int64(m.compiled.ExportedMemories()[exportMemory].Min()) * pageSize
}

const pageSize = 64 << 10

// Start makes an instance and runs the plugin's init.
func (m *Module) Start(ctx context.Context, env actor.Env) (actor.Instance, error) {
	if err := granted(m.compiled, &env); err != nil {
		return nil, err
	}
	n, err := m.start(ctx, env, m.room(&env))
	if errors.Is(err, errRoom) {
		m.tell(&env, fmt.Sprintf("window: mapped: payloads are copied: %v", err))
		n, err = m.start(ctx, env, 0)
	}
	if err != nil {
		return nil, err
	}
	return n, nil
}

func (m *Module) start(ctx context.Context, env actor.Env, room int64) (*Instance, error) {
	n, err := m.instantiate(ctx, env, room)
	if err != nil {
		return nil, err
	}
	if err = n.init(ctx); err != nil {
		return nil, errors.Join(err, n.Close(ctx))
	}
	return n, nil
}

// instantiate makes an instance that has run its start function.
func (m *Module) instantiate(ctx context.Context, env actor.Env, room int64) (*Instance, error) {
	n := newInstance(m, env)
	n.memory.room = uint64(room)
	if need := m.minimum(); need > n.env.Limits.Memory {
		return nil, fmt.Errorf("limits.memory of %s is too small: the module alone needs %s; raise limits.memory", bytesize(n.env.Limits.Memory), bytesize(need))
	}
	if !n.memory.reserve() {
		return nil, fmt.Errorf("limits.memory of %s: the system has no address space of that size; lower it", bytesize(n.env.Limits.Memory))
	}
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize").
		WithStdout(&n.stdio.out).WithStderr(&n.stdio.err).WithRandSource(noise{n.deadline.work}).
		WithSysWalltime().WithSysNanotime().WithNanosleep(n.deadline.sleep)
	_ = n.begin(ctx, m.grace) // nobody else has the instance yet, so it can't be closed
	module, err := m.engine.InstantiateModule(&n.deadline.bound, m.compiled, config)
	n.end()
	if err != nil {
		fault := n.fault(err)
		return nil, errors.Join(fmt.Errorf("the module does not start: %w", fault.Err), n.Close(ctx))
	}
	n.bind(module)
	return n, nil
}

// bytesize is a size in the largest unit of which it is a whole number.
func bytesize(n int64) string {
	unit, size := "B", n
	for _, u := range []string{"KiB", "MiB", "GiB"} {
		if size%1024 != 0 {
			break
		}
		unit, size = u, size/1024
	}
	return fmt.Sprintf("%d%s", size, unit)
}
