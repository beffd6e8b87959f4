package process

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/peltonhq/pelton/internal/bundle"
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
	if i > 0 && (err != nil || !info.Mode().IsRegular() || strings.HasPrefix(word, "-")) {
		return nil //nolint:nilerr // an argument that is no file
	}
	switch {
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
	name = filepath.ToSlash(name)
	return name, bundle.Local(name)
}

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
	b := bundle.New(p.config.Limit)
	b.Manifest = bundle.Manifest{Command: p.plan.command, Machine: p.plan.machine}
	if p.config.Dir != "" {
		if err := b.Tree(p.root); err != nil {
			return nil, err
		}
		return b.Encode()
	}
	for _, name := range p.plan.files {
		if err := b.File(filepath.Join(p.root, filepath.FromSlash(name)), name); err != nil {
			return nil, err
		}
	}
	return b.Encode()
}
