package dev

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/peltonhq/pelton/engine/config"
)

// subject is one plugin and the files that it is made of.
type subject struct {
	name  string
	roots []string // directories, or files
}

// subjects are the plugins and reducers whose code can be replaced.
func subjects(c *config.Config) (all []subject) {
	add := func(name string, w *config.Wasm, p *config.Process) {
		switch {
		case w != nil:
			all = append(all, subject{name, []string{w.Path}})
		case p != nil && p.Dir != "":
			all = append(all, subject{name, []string{p.Dir}})
		case p != nil:
			s := subject{name: name}
			for _, word := range p.Command {
				if !filepath.IsAbs(word) {
					word = filepath.Join(c.Dir, word)
				}
				if info, err := os.Stat(word); err == nil && info.Mode().IsRegular() {
					s.roots = append(s.roots, word)
				}
			}
			all = append(all, s)
		}
	}
	for _, name := range c.PluginNames() {
		add(name, c.Plugins[name].Wasm, c.Plugins[name].Process)
	}
	for _, name := range c.SessionNames() {
		if r := c.Sessions[name].Reduce; r != nil {
			add(config.ReducerName(name), r.Wasm, r.Process)
		}
	}
	return all
}

// edit is a file that was written, made, renamed or removed.
type edit struct{ path string }

// watcher tells of changes of the config and of the plugins' files.
type watcher struct {
	files   *fsnotify.Watcher
	changed chan edit
	ended   chan struct{}

	mu       sync.Mutex // what is watched changes with the config
	config   string
	subjects []subject
}

const quiet = 20 * time.Millisecond // after the last change of a save, which may be many

func newWatcher() (*watcher, error) {
	files, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	w := &watcher{files: files, changed: make(chan edit, 1), ended: make(chan struct{})}
	go w.run()
	return w, nil
}

// run hands on what the system tells of the files that matter: beside the config there may be a store and sinks, which
// change all the time.
func (w *watcher) run() {
	defer close(w.ended)
	errors := w.files.Errors
	for {
		select {
		case e, ok := <-w.files.Events:
			if !ok {
				return
			}
			if w.matters(e) {
				w.changed <- edit{e.Name}
			}
		case _, ok := <-errors:
			if !ok {
				errors = nil
			}
		}
	}
}

func (w *watcher) matters(e fsnotify.Event) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Op == fsnotify.Chmod || e.Name != w.config && len(w.owners(e.Name)) == 0 {
		return false
	}
	if e.Has(fsnotify.Create) {
		w.add(e.Name)
	}
	return true
}

// owners are the plugins that a file is of.
func (w *watcher) owners(path string) (names []string) {
	for _, s := range w.subjects {
		if slices.ContainsFunc(s.roots, func(root string) bool { return within(root, path) }) {
			names = append(names, s.name)
		}
	}
	return names
}

func (w *watcher) close() {
	_ = w.files.Close() // it is not used again
	for {
		select {
		case <-w.changed:
		case <-w.ended:
			return
		}
	}
}

// watch watches the config and the plugins instead of what was watched before, and says where.
func (w *watcher) watch(file string, all []subject) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, path := range w.files.WatchList() {
		_ = w.files.Remove(path) // it may be gone
	}
	w.config, w.subjects = clean(file), all
	w.add(filepath.Dir(w.config))
	paths := []string{w.config}
	for i := range all {
		for k, root := range all[i].roots {
			root = clean(root)
			all[i].roots[k] = root
			paths = append(paths, root)
			w.add(root)
		}
	}
	return paths
}

func clean(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}

// add watches a directory with all below it, or that of a file. The config's own directory is watched alone.
func (w *watcher) add(path string) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return
	case !info.IsDir():
		_ = w.files.Add(filepath.Dir(path)) // an editor may put another file in its place
		return
	case path == filepath.Dir(w.config) && !slices.ContainsFunc(w.subjects, func(s subject) bool { return slices.Contains(s.roots, path) }):
		_ = w.files.Add(path)
		return
	}
	_ = filepath.WalkDir(path, func(at string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil //nolint:nilerr // what can't be read is not watched
		}
		if name := d.Name(); at != path && (strings.HasPrefix(name, ".") || name == "target" || name == "node_modules" || name == "__pycache__") {
			return filepath.SkipDir
		}
		_ = w.files.Add(at)
		return nil
	})
}

// gather waits until a save is over, and says which plugins it is of, and whether it is of the config.
func (w *watcher) gather(ctx context.Context, first edit) (plugins []string, file bool) {
	next := first
	for {
		w.mu.Lock()
		file = file || next.path == w.config
		plugins = append(plugins, w.owners(next.path)...)
		w.mu.Unlock()
		select {
		case next = <-w.changed:
		case <-time.After(quiet):
			return plugins, file
		case <-ctx.Done():
			return plugins, file
		}
	}
}

func within(root, path string) bool {
	return path == root || strings.HasPrefix(path, root+string(filepath.Separator))
}
