//go:build unix

package file

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// flock keeps other processes off the file until it is closed. A file system without locks has none: then only the
// store's own lock keeps two wheels apart.
func flock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return fmt.Errorf("file %s: another process writes it; stop that one or choose another path: %w", f.Name(), ErrShared)
	}
	return nil
}
