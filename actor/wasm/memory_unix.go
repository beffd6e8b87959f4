//go:build unix

package wasm

import "golang.org/x/sys/unix"

// reserve maps size bytes of zeroes that take up memory only once they are touched; nil if the system refuses.
func reserve(size uint64) []byte {
	b, err := unix.Mmap(-1, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	if err != nil {
		return nil
	}
	return b
}

func unreserve(b []byte) {
	if b != nil {
		_ = unix.Munmap(b) // fails only for a slice that reserve did not make
	}
}
