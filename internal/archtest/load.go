package archtest

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Tree is every Go package under one directory.
type Tree struct {
	Module   string
	Requires []string // module paths that go.mod requires
	Packages []*Package
	fset     *token.FileSet
}

// Package is the Go files of one directory, of whatever build tags.
type Package struct {
	Path   string // directory relative to the root, "." for the root itself
	Nested bool   // part of a module of its own below the root
	Files  []*File
}

// File is one parsed file.
type File struct {
	Path      string
	Lines     int
	Test      bool
	Generated bool
	Imports   []Import
	syntax    *ast.File
}

// Import is one import declaration.
type Import struct {
	Path string // as written
	Name string // local name: the alias, or the last element of the path
	Line int
}

// Load parses the tree. Like the go command it passes over testdata and names that start with "." or "_"; directories
// with a go.mod of their own are loaded and marked as nested.
func Load(root fs.FS, module string) (*Tree, error) {
	t := &Tree{Module: module, fset: token.NewFileSet()}
	if text, err := fs.ReadFile(root, "go.mod"); err == nil {
		t.Requires = requires(string(text))
	}
	packages := map[string]*Package{}
	nested := map[string]bool{}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && passed(name):
			return fs.SkipDir
		case entry.IsDir():
			_, missing := fs.Stat(root, path.Join(name, "go.mod"))
			nested[name] = name != "." && (missing == nil || nested[path.Dir(name)])
			return nil
		case !strings.HasSuffix(name, ".go") || strings.HasPrefix(path.Base(name), "_"):
			return nil
		}
		file, err := t.parse(root, name)
		if err != nil {
			return err
		}
		dir := path.Dir(name)
		if packages[dir] == nil {
			packages[dir] = &Package{Path: dir, Nested: nested[dir]}
		}
		packages[dir].Files = append(packages[dir].Files, file)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load the Go files of %s: %w", module, err)
	}
	t.Packages = slices.SortedFunc(maps.Values(packages), func(a, b *Package) int { return cmp.Compare(a.Path, b.Path) })
	return t, nil
}

// passed says whether the directory is none of the go command's.
func passed(name string) bool {
	base := path.Base(name)
	return name != "." && (base == "testdata" || base == "node_modules" || base[0] == '.' || base[0] == '_')
}

func (t *Tree) parse(root fs.FS, name string) (*File, error) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return nil, err
	}
	syntax, err := parser.ParseFile(t.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	file := &File{
		Path:      name,
		Lines:     strings.Count(string(text), "\n"),
		Test:      strings.HasSuffix(name, "_test.go"),
		Generated: ast.IsGenerated(syntax),
		syntax:    syntax,
	}
	for _, spec := range syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: import %s: %w", name, spec.Path.Value, err)
		}
		local := path.Base(imported)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		file.Imports = append(file.Imports, Import{Path: imported, Name: local, Line: t.fset.Position(spec.Pos()).Line})
	}
	return file, nil
}

// ours returns the directory of an imported package of this module.
func (t *Tree) ours(imported string) (string, bool) {
	if imported == t.Module {
		return ".", true
	}
	return strings.CutPrefix(imported, t.Module+"/")
}

// requires lists the module paths in the require lines of a go.mod.
func requires(text string) []string {
	var paths []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		fields := strings.Fields(line)
		if len(fields) >= 2 && strings.HasPrefix(fields[1], "v") && fields[0] != "go" {
			paths = append(paths, fields[0])
		}
	}
	return paths
}
