package file

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

const (
	headSize = 1 << 10 // of the first line, for the incarnation
	empty    = "empty" // incarnation of a file without a first line
)

// content is an open file: its bytes, or what they decompress to.
type content struct {
	path string
	file *os.File
	pack packing
}

func open(path string) (*content, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, explain(path, err)
	}
	c := &content{path: path, file: f}
	if err := c.look(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return c, nil
}

func (c *content) look() error {
	info, err := c.file.Stat()
	if err != nil {
		return explain(c.path, err)
	}
	if info.IsDir() {
		return fmt.Errorf("file %s is a directory: want a file", c.path)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("file %s is not a regular file: its positions would mean nothing after a restart", c.path)
	}
	head := make([]byte, 4)
	n, err := c.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return explain(c.path, err)
	}
	c.pack = recognize(head[:n])
	return nil
}

// followable refuses to follow what has no end of its own before the file has.
func (c *content) followable(follow bool) error {
	if follow && c.pack != plain {
		return fmt.Errorf("file %s is %s and can't be followed: leave out follow, or unpack it", c.path, c.pack)
	}
	return nil
}

// Close closes the file.
func (c *content) Close() error { return c.file.Close() }

// at is the content from position on; short is true when it ends before.
func (c *content) at(position uint64) (r io.Reader, short bool, err error) {
	if c.pack == plain {
		info, err := c.file.Stat()
		if err != nil {
			return nil, false, explain(c.path, err)
		}
		if uint64(info.Size()) < position {
			return nil, true, nil
		}
		_, err = c.file.Seek(int64(position), io.SeekStart)
		return c.file, false, err
	}
	if _, err := c.file.Seek(0, io.SeekStart); err != nil {
		return nil, false, explain(c.path, err)
	}
	z, err := c.unpack()
	if err != nil {
		return nil, false, err
	}
	if _, err := io.CopyN(io.Discard, z, int64(position)); errors.Is(err, io.EOF) {
		return nil, true, nil
	} else if err != nil {
		return nil, false, err
	}
	return z, false, nil
}

// incarnation is the hash of the first line with its newline, at most 1 KiB. growing means that a line without its
// end is not a line yet.
func (c *content) incarnation(growing bool) (string, error) {
	r, _, err := c.at(0)
	if err != nil {
		return "", err
	}
	head, err := io.ReadAll(io.LimitReader(r, headSize))
	if err != nil {
		if c.pack == plain {
			err = explain(c.path, err)
		}
		return "", err
	}
	n := len(head)
	end := bytes.IndexByte(head, '\n') + 1
	if n == 0 || growing && end == 0 && n < headSize {
		return empty, nil
	}
	if end > 0 {
		head = head[:end]
	}
	sum := sha256.Sum256(head)
	return hex.EncodeToString(sum[:8]), nil
}
