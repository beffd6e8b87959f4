package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
)

// Write writes a backup of the header's files, whose content open gives. Kind and Version need not be set.
func Write(w io.Writer, h Header, open func(name string) (io.ReadCloser, error)) error {
	head, err := h.encode()
	if err != nil {
		return err
	}
	t := &archive{Writer: tar.NewWriter(w), header: h}
	if err := t.file(File{headerName, int64(len(head))}, bytes.NewReader(head)); err != nil {
		return err
	}
	for _, f := range h.Files {
		if err := t.open(f, open); err != nil {
			return err
		}
	}
	sums := t.sums.Bytes()
	if err := t.file(File{sumsName, int64(len(sums))}, bytes.NewReader(sums)); err != nil {
		return err
	}
	return t.Close()
}

// archive is a tar being written, with the digests of its files so far.
type archive struct {
	*tar.Writer
	header Header
	sums   bytes.Buffer
}

func (t *archive) open(f File, open func(string) (io.ReadCloser, error)) error {
	r, err := open(f.Name)
	if err != nil {
		return err
	}
	defer r.Close()
	return t.file(f, r)
}

// file writes one file. One that grew meanwhile is cut at its size, one that is shorter is an error.
func (t *archive) file(f File, r io.Reader) error {
	err := t.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: f.Name, Size: f.Size, Mode: 0o600, ModTime: t.header.Created, Format: tar.FormatUSTAR,
	})
	if err != nil {
		return err
	}
	digest := sha256.New()
	n, err := io.Copy(io.MultiWriter(t, digest), io.LimitReader(r, f.Size))
	if err == nil && n < f.Size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	fmt.Fprintf(&t.sums, "%x  %s\n", digest.Sum(nil), f.Name)
	return nil
}
