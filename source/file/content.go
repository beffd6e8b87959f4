package file

import (
	"bufio"
	"bytes"
	"compress/gzip"
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

var magic = []byte{0x1f, 0x8b}

// content is an open file: its bytes, or what they decompress to.
type content struct {
	path string
	file *os.File
	gzip bool
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
	head := make([]byte, len(magic))
	n, err := c.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return explain(c.path, err)
	}
	c.gzip = bytes.Equal(head[:n], magic)
	return nil
}

// Close closes the file.
func (c *content) Close() error { return c.file.Close() }

// at is the content from position on; short is true when it ends before.
func (c *content) at(position uint64) (r io.Reader, short bool, err error) {
	if !c.gzip {
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
	z, err := gzip.NewReader(bufio.NewReaderSize(c.file, 64<<10))
	if err != nil {
		return nil, false, c.broken(err)
	}
	if _, err := io.CopyN(io.Discard, z, int64(position)); errors.Is(err, io.EOF) {
		return nil, true, nil
	} else if err != nil {
		return nil, false, c.broken(err)
	}
	return unpacked{z, c}, false, nil
}

func (c *content) broken(err error) error {
	return fmt.Errorf("file %s is damaged gzip: %w", c.path, err)
}

// unpacked says in its errors which file is damaged.
type unpacked struct {
	*gzip.Reader
	content *content
}

func (u unpacked) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = u.content.broken(err)
	}
	return n, err
}

// incarnation is the hash of the first line with its newline, at most 1 KiB. growing means that a line without its
// end is not a line yet.
func (c *content) incarnation(growing bool) (string, error) {
	r, _, err := c.at(0)
	if err != nil {
		return "", err
	}
	head := make([]byte, headSize)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", explain(c.path, err)
	}
	head = head[:n]
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
