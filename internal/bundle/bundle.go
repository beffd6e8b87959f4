package bundle

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

// Bundle is the content of an artifact.
type Bundle struct {
	Manifest Manifest
	Files    []File
	size     int64 // of the files
	limit    int64
}

// Manifest is what is known of the files.
type Manifest struct {
	Command []string          `json:"command,omitempty"` // absent: that of the config
	Machine map[string]string `json:"machine,omitempty"` // files outside of the artifact, with their digests
	File    string            `json:"file,omitempty"`    // the artifact is this one file, to be put in the place of the configured one
}

// File is one file.
type File struct {
	Name       string // with slashes, local
	Executable bool
	Content    []byte
}

const (
	manifestName = ".pelton/plugin.json" // hidden, so no file of a program is called that
	maxFiles     = 10_000
)

// Encode gives the artifact. The same files make the same bytes.
func (b *Bundle) Encode() ([]byte, error) {
	first, err := json.Marshal(b.Manifest)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(b.Files, func(x, y File) int { return cmp.Compare(x.Name, y.Name) })
	b.Files = slices.CompactFunc(b.Files, func(x, y File) bool { return x.Name == y.Name })
	if len(b.Files) > maxFiles {
		return nil, fmt.Errorf("the program has %d files; at most %d", len(b.Files), maxFiles)
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range append([]File{{Name: manifestName, Content: first}}, b.Files...) {
		mode := int64(0o600)
		if f.Executable {
			mode = 0o700
		}
		if err := w.WriteHeader(&tar.Header{Name: f.Name, Mode: mode, Size: int64(len(f.Content)), Format: tar.FormatPAX}); err != nil {
			return nil, fmt.Errorf("file %s: %w", f.Name, err)
		}
		if _, err := w.Write(f.Content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// ErrFormat says that bytes are no artifact of a program.
var ErrFormat = errors.New("not the artifact of a process plugin")

// Decode reads an artifact. It may come from anybody who reaches the API, so every name is checked.
func Decode(artifact []byte) (*Bundle, error) {
	b := new(Bundle)
	r := tar.NewReader(bytes.NewReader(artifact))
	seen := map[string]bool{}
	for n := 0; ; n++ {
		h, err := r.Next()
		if errors.Is(err, io.EOF) && n > 0 {
			if err := b.check(seen); err != nil {
				return nil, err
			}
			return b, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		content, err := io.ReadAll(io.LimitReader(r, int64(len(artifact))+1))
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: %s: %w", ErrFormat, h.Name, err)
		case n > maxFiles || len(content) > len(artifact):
			return nil, fmt.Errorf("%w: it has too many files", ErrFormat)
		case n == 0 && h.Name == manifestName:
			if err := json.Unmarshal(content, &b.Manifest); err != nil {
				return nil, fmt.Errorf("%w: %s: %w", ErrFormat, manifestName, err)
			}
			continue
		case n == 0:
			return nil, fmt.Errorf("%w: it does not begin with %s", ErrFormat, manifestName)
		case h.Typeflag != tar.TypeReg || !Local(h.Name) || seen[h.Name]:
			return nil, fmt.Errorf("%w: %q is no regular file of a path of its own", ErrFormat, h.Name)
		}
		seen[h.Name] = true
		b.Files = append(b.Files, File{Name: h.Name, Executable: h.Mode&0o111 != 0, Content: content})
	}
}

// Local is true for a clean relative path without hidden parts.
func Local(name string) bool {
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
func (b *Bundle) check(seen map[string]bool) error {
	for name := range seen {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if seen[dir] {
				return fmt.Errorf("%w: %q is a file and a directory", ErrFormat, dir)
			}
		}
	}
	if f := b.Manifest.File; f != "" && (len(b.Files) != 1 || b.Files[0].Name != f) {
		return fmt.Errorf("%w: it is said to be the file %q", ErrFormat, f)
	}
	return nil
}
