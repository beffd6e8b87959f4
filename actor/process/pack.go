package process

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// plan is a command with its paths looked up.
type plan struct {
	command []string          // paths of the artifact stay relative, those of the machine are absolute
	files   []string          // paths of the artifact that the command names
	machine map[string]string // absolute path that the command names -> digest
}

// resolve tells which words of the command are files of the program, which are files of the machine, and which are
// neither.
func (p *Program) resolve() error {
	p.plan = plan{command: slices.Clone(p.config.Command), machine: map[string]string{}}
	if p.config.Dir != "" {
		if info, err := os.Stat(p.root); err != nil || !info.IsDir() {
			return fmt.Errorf("dir %s is not a directory", p.config.Dir)
		}
	}
	for i, word := range p.plan.command {
		if i == 0 && !strings.ContainsRune(word, '/') {
			if err := p.onPath(word); err != nil {
				return err
			}
			continue
		}
		if err := p.look(i, word); err != nil {
			return err
		}
	}
	return nil
}

func (p *Program) onPath(name string) error {
	_, err := exec.LookPath(name)
	if err == nil {
		return nil
	}
	hint := "install it, or give its path"
	if _, here := os.Stat(filepath.Join(p.root, name)); here == nil {
		hint = "for the file in " + p.root + " write ./" + name
	}
	return fmt.Errorf("command %q is not found on PATH; %s", name, hint)
}

func (p *Program) look(i int, word string) error {
	path := word
	if !filepath.IsAbs(path) {
		path = filepath.Join(p.root, word)
	}
	info, err := os.Stat(path)
	switch {
	case i > 0 && (err != nil || !info.Mode().IsRegular() || strings.HasPrefix(word, "-")):
		return nil // an argument that is no file
	case err != nil:
		return fmt.Errorf("command %s is not found: %w", path, errors.Unwrap(err))
	case info.IsDir():
		return fmt.Errorf("command %s is a directory; give a program, or make it dir and give the command in it", path)
	case i == 0 && info.Mode()&0o111 == 0:
		return fmt.Errorf("command %s is not executable: chmod +x it, or put its interpreter in front", path)
	}
	if name, ok := p.inside(path); ok {
		p.plan.command[i] = "./" + name
		p.plan.files = append(p.plan.files, name)
		return nil
	}
	digest, err := fileDigest(path)
	if err != nil {
		return err
	}
	p.plan.command[i], p.plan.machine[path] = path, digest
	return nil
}

// inside is a path as a name in the artifact, if the artifact has it: what is written as an absolute path, lies outside, or has a hidden part
// is the machine's.
func (p *Program) inside(path string) (string, bool) {
	name, err := filepath.Rel(p.root, path)
	if err != nil || !filepath.IsLocal(name) || slices.Contains(p.config.Command, path) {
		return "", false
	}
	for part := range strings.SplitSeq(filepath.ToSlash(name), "/") {
		if skipped(part) {
			return "", false
		}
	}
	return filepath.ToSlash(name), true
}

// skipped are files and directories that are no part of a program.
func skipped(name string) bool { return strings.HasPrefix(name, ".") || name == "__pycache__" }

func fileDigest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // it was only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

// Pack makes the artifact of the program as it is configured: its command, the files that belong to it, and the digests
// of files of the machine that the command names. Hidden files and __pycache__ are left out.
func (p *Program) Pack() ([]byte, error) {
	b := bundle{manifest: manifest{Command: p.plan.command, Machine: p.plan.machine}, limit: p.config.Limit}
	if p.config.Dir != "" {
		if err := b.tree(p.root); err != nil {
			return nil, err
		}
		return b.encode()
	}
	for _, name := range p.plan.files {
		if err := b.file(filepath.Join(p.root, filepath.FromSlash(name)), name); err != nil {
			return nil, err
		}
	}
	return b.encode()
}

// Pack makes the artifact of another version of a program from its directory, or from the one file that it consists of;
// the command stays that of the config. limit is the largest artifact in bytes.
func Pack(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("plugin %s: %w; give the directory of the new version, or its program file", path, errors.Unwrap(err))
	}
	b := bundle{limit: limit}
	if info.IsDir() {
		err = b.tree(path)
	} else {
		b.manifest.File = filepath.Base(path)
		err = b.file(path, b.manifest.File)
	}
	if err != nil {
		return nil, err
	}
	return b.encode()
}

// tree adds all files below root.
func (b *bundle) tree(root string) error {
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
		return b.file(path, filepath.ToSlash(name))
	})
}

// file adds one file under a name.
func (b *bundle) file(path, name string) error {
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
	b.files = append(b.files, file{name: name, executable: info.Mode()&0o111 != 0, content: content})
	return nil
}
