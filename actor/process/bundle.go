package process

import (
	"archive/tar"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// bundle is an artifact: a tar of regular files whose first is the manifest. The same files make the same bytes.
type bundle struct {
	manifest manifest
	files    []file
	size     int64 // of the files
	limit    int64
}

type manifest struct {
	Command []string          `json:"command,omitempty"` // absent: that of the config
	Machine map[string]string `json:"machine,omitempty"` // files outside of the artifact, with their digests
	File    string            `json:"file,omitempty"`    // the artifact is this one file, to be put in the place of the configured one
}

type file struct {
	name       string // with slashes, local
	executable bool
	content    []byte
}

const (
	manifestName = ".pelton/plugin.json" // hidden, so no file of a program is called that
	maxFiles     = 10_000
)

func (b *bundle) encode() ([]byte, error) {
	first, err := json.Marshal(b.manifest)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(b.files, func(x, y file) int { return cmp.Compare(x.name, y.name) })
	b.files = slices.CompactFunc(b.files, func(x, y file) bool { return x.name == y.name })
	if len(b.files) > maxFiles {
		return nil, fmt.Errorf("the program has %d files; at most %d", len(b.files), maxFiles)
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range append([]file{{name: manifestName, content: first}}, b.files...) {
		mode := int64(0o600)
		if f.executable {
			mode = 0o700
		}
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: mode, Size: int64(len(f.content)), Format: tar.FormatPAX}); err != nil {
			return nil, fmt.Errorf("file %s: %w", f.name, err)
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

var errBundle = errors.New("not the artifact of a process plugin")

// decode reads an artifact. It may come from anybody who reaches the API, so every name is checked.
func decode(artifact []byte) (*bundle, error) {
	b := new(bundle)
	r := tar.NewReader(bytes.NewReader(artifact))
	seen := map[string]bool{}
	for n := 0; ; n++ {
		h, err := r.Next()
		if errors.Is(err, io.EOF) && n > 0 {
			return b, b.check(seen)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errBundle, err)
		}
		content, err := io.ReadAll(io.LimitReader(r, int64(len(artifact))+1))
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: %s: %w", errBundle, h.Name, err)
		case n > maxFiles || len(content) > len(artifact):
			return nil, fmt.Errorf("%w: it has too many files", errBundle)
		case n == 0 && h.Name == manifestName:
			if err := json.Unmarshal(content, &b.manifest); err != nil {
				return nil, fmt.Errorf("%w: %s: %w", errBundle, manifestName, err)
			}
			continue
		case n == 0:
			return nil, fmt.Errorf("%w: it does not begin with %s", errBundle, manifestName)
		case h.Typeflag != tar.TypeReg || !local(h.Name) || seen[h.Name]:
			return nil, fmt.Errorf("%w: %q is no regular file of a path of its own", errBundle, h.Name)
		}
		seen[h.Name] = true
		b.files = append(b.files, file{name: h.Name, executable: h.Mode&0o111 != 0, content: content})
	}
}

// local is true for a clean relative path without hidden parts.
func local(name string) bool {
	if name == "" || name == "." || path.Clean(name) != name || path.IsAbs(name) || strings.ContainsAny(name, "\\\x00") {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if skipped(part) {
			return false
		}
	}
	return true
}

// check looks at what belongs together: no file is the directory of another, and the one file is there.
func (b *bundle) check(seen map[string]bool) error {
	for name := range seen {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if seen[dir] {
				return fmt.Errorf("%w: %q is a file and a directory", errBundle, dir)
			}
		}
	}
	if f := b.manifest.File; f != "" && (len(b.files) != 1 || b.files[0].name != f) {
		return fmt.Errorf("%w: it is said to be the file %q", errBundle, f)
	}
	return nil
}
