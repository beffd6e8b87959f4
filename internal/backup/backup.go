package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Classes of errors of [Read], for errors.Is.
var (
	// ErrTorn: the backup is incomplete or damaged.
	ErrTorn = errors.New("backup is torn")
	// ErrFormat: it is no backup, or a newer program wrote it.
	ErrFormat = errors.New("not a backup that this program reads")
)

// Version is that of the archive; it rises when older programs can't read it any more.
const Version = 1

const (
	kind       = "pelton store backup"
	headerName = "BACKUP.json"
	sumsName   = "SHA256SUMS"

	maxHeader = 16 << 20 // bytes of BACKUP.json: a file takes about 60
	maxFiles  = 1 << 18
)

// Header describes a backup.
type Header struct {
	Kind    string    `json:"kind"`
	Version int       `json:"version"` // of the archive
	Engine  string    `json:"engine"`  // whose files they are: pebble
	Format  uint64    `json:"format"`  // of the store's records
	Program string    `json:"program"` // version of what wrote it
	Created time.Time `json:"created"`
	Files   []File    `json:"files"` // in their order
}

// File is one file of the store.
type File struct {
	Name string `json:"name"`
	Size int64  `json:"size"` // bytes
}

// Bytes is the size of the files together.
func (h *Header) Bytes() (n int64) {
	for _, f := range h.Files {
		n += f.Size
	}
	return n
}

const block = 512 // of a tar

func padded(n int64) int64 { return (n + block - 1) / block * block }

// Size is how many bytes [Write] writes.
func (h *Header) Size() (int64, error) {
	head, err := h.encode()
	if err != nil {
		return 0, err
	}
	n := block + padded(int64(len(head)))
	sums := sumLine(headerName)
	for _, f := range h.Files {
		n += block + padded(f.Size)
		sums += sumLine(f.Name)
	}
	return n + block + padded(sums) + 2*block, nil
}

// sumLine is the length of a line of SHA256SUMS: digest, two spaces, name, newline.
func sumLine(name string) int64 { return int64(64 + 2 + len(name) + 1) }

func (h *Header) encode() ([]byte, error) {
	h.Kind, h.Version = kind, Version
	if err := h.check(); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(h, "", " ")
	if err == nil && len(text) >= maxHeader {
		err = fmt.Errorf("%d files are too many for a backup", len(h.Files))
	}
	return append(text, '\n'), err
}

// check tells what is wrong with a header, whoever made it.
func (h *Header) check() error {
	if len(h.Files) > maxFiles {
		return fmt.Errorf("%w: it lists %d files; at most %d", ErrFormat, len(h.Files), maxFiles)
	}
	seen := map[string]bool{}
	for _, f := range h.Files {
		switch {
		case !plain(f.Name):
			return fmt.Errorf("%w: it lists a file %q, which is no plain file name", ErrFormat, f.Name)
		case seen[f.Name]:
			return fmt.Errorf("%w: it lists %q twice", ErrFormat, f.Name)
		case f.Size < 0 || f.Size > maxSize:
			return fmt.Errorf("%w: it lists %q with %d bytes", ErrFormat, f.Name, f.Size)
		}
		seen[f.Name] = true
	}
	return nil
}

// maxSize is what a tar's plain header can say: 8 GiB. A store's files are far smaller.
const maxSize = 1<<33 - 1

// plain keeps what is unpacked in its directory: a name of a store's file, and none that the archive has itself.
func plain(name string) bool {
	if name == "" || len(name) > 100 || name[0] == '.' || name == headerName || name == sumsName {
		return false
	}
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == ""
}
