package bundle

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// New is an empty bundle whose files may have limit bytes together.
func New(limit int64) *Bundle { return &Bundle{limit: limit} }

// skipped are files and directories that are no part of a program.
func skipped(name string) bool { return strings.HasPrefix(name, ".") || name == "__pycache__" }

// Pack makes the artifact of another version of a program from its directory, or from the one file that it consists of;
// the command stays that of the config. limit is the largest artifact in bytes.
func Pack(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("plugin %s: %w; give the directory of the new version, or its program file", path, errors.Unwrap(err))
	}
	b := New(limit)
	if info.IsDir() {
		err = b.Tree(path)
	} else {
		b.Manifest.File = filepath.Base(path)
		err = b.File(path, b.Manifest.File)
	}
	if err != nil {
		return nil, err
	}
	return b.Encode()
}

// Tree adds all files below root but hidden ones.
func (b *Bundle) Tree(root string) error {
	return filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		if skipped(e.Name()) {
			if e.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if e.IsDir() {
			return nil
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return b.File(path, filepath.ToSlash(name))
	})
}

// File adds one file under a name.
func (b *Bundle) File(path, name string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		if info, err = os.Stat(path); err != nil {
			return fmt.Errorf("%s is a symbolic link to nothing: %w", path, err)
		}
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file; a program's directory has files and directories only (hidden ones are left out: put an environment into .venv)", path)
	}
	if b.size += info.Size(); b.size > b.limit {
		return fmt.Errorf("the files of the program are more than limits.artifact of %d bytes, with %s; hidden files and directories are left out", b.limit, path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	b.Files = append(b.Files, File{Name: name, Executable: info.Mode()&0o111 != 0, Content: content})
	return nil
}
