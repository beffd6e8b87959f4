package build

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
)

// refresh makes a file what it should be, and leaves alone one that is: compilers look at the time of the last change.
func refresh(path string, want []byte) error {
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, want) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, want, 0o644)
}

// prune removes the files below dir that are not to be kept. cargo's own Cargo.lock stays.
func prune(dir string, keep map[string]bool) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || keep[path] || d.Name() == "Cargo.lock" {
			return err
		}
		return os.Remove(path)
	})
}
