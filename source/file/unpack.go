package file

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// packing is how a file is compressed; its text is for people.
type packing string

// The packings.
const (
	plain  packing = ""
	zipped packing = "gzip"
	zstded packing = "zstd"
)

// recognize tells the packing by the first bytes of a file.
func recognize(head []byte) packing {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return zipped
	case len(head) < 4:
		return plain
	}
	// A zstd file begins with a frame, or with one to skip, which may have any of sixteen numbers.
	if n := binary.LittleEndian.Uint32(head); n == 0xfd2fb528 || n&^0xf == 0x184d2a50 {
		return zstded
	}
	return plain
}

// window is the most memory that a zstd file may ask for to be unpacked: what zstd's own --long takes.
const window = 128 << 20

// unpack is the content from its start; its errors say which file is damaged, and how.
func (c *content) unpack() (*unpacked, error) {
	u := &unpacked{content: c}
	in := bufio.NewReaderSize(c.file, 64<<10)
	var err error
	if c.pack == zipped {
		u.from, err = gzip.NewReader(in)
	} else {
		// One at a time: with more it would start goroutines.
		u.from, err = zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(window), zstd.WithDecoderMaxMemory(1<<62))
	}
	if err != nil {
		return nil, c.broken(err)
	}
	return u, nil
}

func (c *content) broken(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("file %s is damaged %s: it ends in the middle; it was cut off, or is being written still: %w", c.path, c.pack, err)
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return fmt.Errorf("file %s is zstd that needs more than %d MiB to be unpacked; pack it with a smaller --long: %w", c.path, window>>20, err)
	}
	return fmt.Errorf("file %s is damaged %s: %w", c.path, c.pack, err)
}

// unpacked is the content of a packed file.
type unpacked struct {
	from    io.Reader
	content *content
}

// Read implements [io.Reader].
func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = u.content.broken(err)
	}
	return n, err
}
