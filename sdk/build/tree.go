package build

import (
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// skipper says which files and directories below a plugin's a build does not read.
type skipper func(path string, dir bool) bool

// walk visits the regular files that a build of dir may read, in the order of their names, with their slash-separated
// paths relative to it. What begins with a dot is not read.
func walk(dir string, skip skipper, visit func(name, path string) error) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == dir:
			return nil
		case strings.HasPrefix(d.Name(), ".") || skip(path, d.IsDir()):
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case d.IsDir():
			return nil
		}
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			return nil //nolint:nilerr // a dangling link, a socket: the compiler does not read it either
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return visit(filepath.ToSlash(name), path)
	})
}

// tree hashes the files that a build of dir may read.
func tree(h hash.Hash, dir string, skip skipper) error {
	return walk(dir, skip, func(name, path string) error {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%q %d\n", name, len(b))
		h.Write(b)
		return nil
	})
}
