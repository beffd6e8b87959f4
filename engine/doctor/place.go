package doctor

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/peltonhq/pelton/engine/config"
)

// tools looks for the compilers of plugins that are built from source.
func (e *examination) tools() {
	for _, t := range []struct{ file, tool, language string }{
		{"go.mod", "go", "Go"}, {"Cargo.toml", "cargo", "Rust"}, {"package.json", "npm", "AssemblyScript"},
	} {
		name := e.source(t.file)
		if name == "" {
			continue
		}
		if e.o.Tool(t.tool) != nil {
			e.addf(Bad, "tools", "plugin %s is %s source and there is no %q: install it, or give a .wasm file", name, t.language, t.tool)
		} else {
			e.addf(OK, "tools", "%s builds what is %s source", t.tool, t.language)
		}
	}
}

// source is a plugin that is a directory with the file.
func (e *examination) source(file string) string {
	paths := map[string]string{}
	for name, p := range e.c.Plugins {
		if p.Wasm != nil {
			paths[name] = p.Wasm.Path
		}
	}
	for name, s := range e.c.Sessions {
		if s.Reduce != nil && s.Reduce.Wasm != nil {
			paths[config.ReducerName(name)] = s.Reduce.Wasm.Path
		}
	}
	var names []string
	for name := range paths {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(paths[name], file)); err == nil {
			return name
		}
	}
	return ""
}

// slow is an fsync that makes a wheel slow.
const slow = 50 * time.Millisecond

// disk looks at the file system of the store: room, and how long an fsync takes.
func (e *examination) disk() {
	dir := e.c.Store.Dir
	for { // the nearest directory that is there
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		e.addf(Bad, "store", "store.dir %s: %v", e.c.Store.Dir, err)
		return
	}
	free := config.Size(s.Bavail*uint64(s.Bsize)) / config.MiB * config.MiB
	if free > 10*config.GiB {
		free = free / config.GiB * config.GiB
	}
	took, err := e.o.Fsync(dir)
	switch {
	case err != nil:
		e.addf(Bad, "store", "store.dir %s can't be written: %v", e.c.Store.Dir, err)
	case free <= e.c.Store.Reserve:
		e.addf(Bad, "store", "%s has %s free, and store.reserve is %s: sources pause", dir, free, e.c.Store.Reserve)
	case took > slow:
		e.addf(Warn, "store", "an fsync in %s takes %s: every acknowledgement waits for one", dir, took.Round(time.Millisecond))
	default:
		e.addf(OK, "store", "%s has %s free; an fsync takes %s", dir, free, took.Round(10*time.Microsecond))
	}
}

// Fsync is the median time of some of them in a directory.
func Fsync(dir string) (took time.Duration, err error) {
	f, err := os.CreateTemp(dir, ".doctor-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	all := make([]time.Duration, 9)
	for i := range all {
		begin := time.Now()
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		all[i] = time.Since(begin)
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

// addresses finds out whether a wheel could listen; one that runs has them.
func (e *examination) addresses(ctx context.Context, runs bool) {
	for _, a := range []struct{ key, addr string }{{"api.listen", e.c.API.Listen}, {"api.grpc", e.c.API.GRPC}} {
		if runs {
			continue
		}
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.addr)
		if err != nil {
			e.addf(Bad, "address", "%s %s: %v: end what listens there, or choose another", a.key, a.addr, err)
			continue
		}
		_ = l.Close() // nobody had connected
		e.addf(OK, "address", "%s %s is free", a.key, a.addr)
	}
}
