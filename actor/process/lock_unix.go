//go:build unix

package process

import (
	"os"

	"golang.org/x/sys/unix"
)

// tryLock locks a file as long as it is open, also beyond a kill of this process.
func tryLock(f *os.File) bool { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil }
