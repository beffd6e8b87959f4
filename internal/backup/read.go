package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
)

// Read reads a whole backup and gives each of its files to each, which must read it or leave it. Only when it returns
// without an error is what each was given known to be what was written.
func Read(r io.Reader, each func(h *Header, f File, r io.Reader) error) (Header, error) {
	t := &reader{from: r}
	t.tar = tar.NewReader(t)
	if err := t.head(); err != nil {
		return Header{}, err
	}
	for _, f := range t.header.Files {
		if err := t.file(f, func(r io.Reader) error { return each(&t.header, f, r) }); err != nil {
			return Header{}, err
		}
	}
	if err := t.end(); err != nil {
		return Header{}, err
	}
	return t.header, nil
}

// Verify reads a whole backup and keeps nothing of it.
func Verify(r io.Reader) (Header, error) {
	return Read(r, func(*Header, File, io.Reader) error { return nil })
}

// reader is a backup being read, with the digests of its files so far.
type reader struct {
	from   io.Reader
	tar    *tar.Reader
	header Header
	sums   bytes.Buffer

	read, want int64 // bytes, and how many they must have been
}

// Read reads what the tar is made of.
func (t *reader) Read(b []byte) (int, error) {
	n, err := t.from.Read(b)
	t.read += int64(n)
	return n, err
}

func torn(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrTorn, fmt.Errorf(format, args...))
}

// own keeps an error of where the archive comes from or goes to: only the tar's own are the archive's.
func own(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, tar.ErrHeader) || errors.Is(err, tar.ErrFieldTooLong)
}

func (t *reader) head() error {
	h, err := t.tar.Next()
	switch {
	case err != nil && own(err):
		return fmt.Errorf("%w: it is no tar archive", ErrFormat)
	case err != nil:
		return err
	case h.Name != headerName || h.Typeflag != tar.TypeReg:
		return fmt.Errorf("%w: its first file is %q, not %s", ErrFormat, h.Name, headerName)
	case h.Size > maxHeader:
		return fmt.Errorf("%w: its %s has %d bytes", ErrFormat, headerName, h.Size)
	}
	digest := sha256.New()
	text, err := io.ReadAll(io.TeeReader(t.tar, digest))
	if err != nil {
		return t.cut(headerName, err)
	}
	t.note(headerName, h.Size, digest)
	if err := json.Unmarshal(text, &t.header); err != nil {
		return torn("%s: %w", headerName, err)
	}
	if t.header.Kind != kind {
		return fmt.Errorf("%w: it says it is %q", ErrFormat, t.header.Kind)
	}
	if t.header.Version < 1 || t.header.Version > Version {
		return fmt.Errorf("%w: it has version %d, this program knows %d; use the program that wrote it (%s), or a later one",
			ErrFormat, t.header.Version, Version, t.header.Program)
	}
	return t.header.check()
}

// cut says where a backup ends early; other errors stay as they are.
func (t *reader) cut(name string, err error) error {
	if own(err) {
		return torn("it ends early, or is damaged, at %s (%w)", name, err)
	}
	return err
}

// file gives one file and digests it, also what use left.
func (t *reader) file(f File, use func(io.Reader) error) error {
	h, err := t.tar.Next()
	if err != nil {
		return t.cut(f.Name, err)
	}
	if h.Name != f.Name || h.Size != f.Size || h.Typeflag != tar.TypeReg {
		return torn("it has %q with %d bytes where %q with %d should be", h.Name, h.Size, f.Name, f.Size)
	}
	digest := sha256.New()
	content := io.TeeReader(t.tar, digest)
	if err := use(content); err != nil {
		return t.cut(f.Name, err)
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		return t.cut(f.Name, err)
	}
	t.note(f.Name, f.Size, digest)
	return nil
}

func (t *reader) note(name string, size int64, digest hash.Hash) {
	fmt.Fprintf(&t.sums, "%x  %s\n", digest.Sum(nil), name)
	t.want += block + padded(size)
}

// end compares the digests, and sees that nothing follows.
func (t *reader) end() error {
	h, err := t.tar.Next()
	if err != nil {
		return t.cut(sumsName, err)
	}
	if h.Name != sumsName || h.Size != int64(t.sums.Len()) {
		return torn("it has %q with %d bytes where %s with %d should be", h.Name, h.Size, sumsName, t.sums.Len())
	}
	sums, err := io.ReadAll(t.tar)
	if err != nil {
		return t.cut(sumsName, err)
	}
	if name := differs(sums, t.sums.Bytes()); name != "" {
		return torn("%s has other bytes than were written", name)
	}
	if _, err := t.tar.Next(); !errors.Is(err, io.EOF) {
		return torn("something follows %s: %v", sumsName, err)
	}
	if _, err := io.Copy(io.Discard, t); err != nil {
		return err
	}
	t.want += block + padded(h.Size) + 2*block
	if t.read != t.want {
		return torn("it has %d bytes where %d should be", t.read, t.want)
	}
	return nil
}

// differs is the first file whose digests are not equal; empty when all are.
func differs(want, got []byte) string {
	wants, gots := bytes.Split(want, []byte{'\n'}), bytes.Split(got, []byte{'\n'})
	for i, line := range gots {
		if i >= len(wants) || !bytes.Equal(wants[i], line) {
			_, name, _ := bytes.Cut(line, []byte("  "))
			if len(name) == 0 {
				return sumsName
			}
			return string(name)
		}
	}
	return ""
}
