package arena

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// memory is a sealed memfd, mapped shared: another mapping of the same file sees the same bytes. Its length is
// sealed because a file that shrinks under a mapping kills the process at the next access.
type memory struct {
	bytes []byte
	file  int
}

func obtain(name string, size int64) (memory, error) {
	file, err := unix.MemfdCreate("pelton-"+name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return memory{}, fmt.Errorf("create a memfd: %w", err)
	}
	bytes, err := mapped(file, size)
	if err != nil {
		_ = unix.Close(file) // the error that matters is on its way
		return memory{}, err
	}
	return memory{bytes: bytes, file: file}, nil
}

func mapped(file int, size int64) ([]byte, error) {
	if err := unix.Ftruncate(file, size); err != nil {
		return nil, fmt.Errorf("size the memfd to %d bytes: %w", size, err)
	}
	if _, err := unix.FcntlInt(uintptr(file), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW); err != nil {
		return nil, fmt.Errorf("seal the memfd: %w", err)
	}
	bytes, err := unix.Mmap(file, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %d bytes: %w", size, err)
	}
	return bytes, nil
}

// descriptor is the file to map.
func (m *memory) descriptor() (file int, ok bool) { return m.file, true }

func (m *memory) free() error {
	err := unix.Munmap(m.bytes)
	if closed := unix.Close(m.file); err == nil {
		err = closed
	}
	m.bytes = nil
	return err
}
