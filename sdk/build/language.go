package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// language is one that plugins are written in.
type language struct {
	name    string // as `plugin new --lang` has it
	marker  string // the file by which a directory is known to be in it; a pattern
	inspect func(ctx context.Context, dir, cache string) (project, error)
	files   []File // of a new plugin, to be filled in
	local   []File // more of them that are this machine's own, which git ignores
	ignore  string // what else git ignores: lines
}

// languages are tried in this order. The marker of C is looked for last, since there may be C in any project.
func languages() []language {
	return []language{
		{name: "go", marker: "go.mod", inspect: inspectGo, files: goFiles, local: goLocal, ignore: "/go.work.sum\n"},
		{name: "rust", marker: "Cargo.toml", inspect: inspectRust, files: rustFiles, local: rustLocal, ignore: "/target\n/Cargo.lock\n"},
		{name: "assemblyscript", marker: "asconfig.json", inspect: inspectAssemblyScript, files: assemblyScriptFiles, local: assemblyScriptLocal, ignore: "/node_modules\n"},
		{name: "c", marker: "*.c", inspect: inspectC, files: cFiles, local: cLocal},
	}
}

// Languages are the names that [Template] and [Install] know.
func Languages() []string {
	var names []string
	for _, l := range languages() {
		names = append(names, l.name)
	}
	return names
}

func lookup(name string) (language, error) {
	all := languages()
	i := slices.IndexFunc(all, func(l language) bool { return l.name == name })
	if i < 0 {
		return language{}, fmt.Errorf("unknown language %q; want %s", name, strings.Join(Languages(), ", "))
	}
	return all[i], nil
}

// inspect finds out what a directory is written in and gets ready to build it.
func inspect(ctx context.Context, dir, cache string) (project, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	var found []language
	for _, l := range languages() {
		if l.name == "c" && len(found) > 0 {
			break
		}
		if files, err := filepath.Glob(filepath.Join(escape(absolute), l.marker)); err != nil {
			return nil, err
		} else if len(files) > 0 {
			found = append(found, l)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("%w: it has no go.mod, Cargo.toml, asconfig.json or .c file; `pelton plugin new NAME` makes a plugin to start from", ErrModule)
	case 1:
		return found[0].inspect(ctx, absolute, cache)
	default:
		return nil, fmt.Errorf("%w: it has both %s and %s, and is built in one language; move one into a directory of its own", ErrModule, found[0].marker, found[1].marker)
	}
}

// escape makes a directory's name match itself in a pattern.
func escape(dir string) string {
	if os.PathSeparator == '\\' {
		return dir // there a pattern has no escapes
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}
