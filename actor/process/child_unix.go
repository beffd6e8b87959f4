//go:build unix && !linux

package process

import (
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const supported = true

// group makes a process the leader of a group. It does not end when this process is killed; but its stream does, which
// is when a plugin must end.
func group(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endGroup ends every process of a group.
func endGroup(pid int) { _ = unix.Kill(-pid, unix.SIGKILL) }

// await blocks until a child is over. Asking for its group fails then, though it was not waited for.
func await(pid int) {
	for {
		if _, err := unix.Getpgid(pid); err != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
