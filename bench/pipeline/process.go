package pipeline

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/peltonhq/pelton/bench/measure"
)

// cost is what a process took.
type cost struct {
	wall, cpu time.Duration
	peak      int64 // bytes of memory
}

// watch runs a process to its end. The kernel's own account of the peak (ru_maxrss) begins with the peak of the process that
// started it, this one, so the high-water mark of the new program is read while it runs; what grows in its last few
// milliseconds is missed.
func watch(cmd *exec.Cmd) (cost, error) {
	var words bytes.Buffer
	if cmd.Stderr == nil {
		cmd.Stderr = &words
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return cost{}, err
	}
	c := cost{peak: measure.HighWater(cmd.Process.Pid)}
	over, seen := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(seen)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-tick.C:
				c.peak = max(c.peak, measure.HighWater(cmd.Process.Pid))
			}
		}
	}()
	err := cmd.Wait()
	c.wall = time.Since(begin)
	close(over)
	<-seen
	if err != nil {
		return c, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, words.Bytes())
	}
	c.cpu = measure.Spent(cmd.ProcessState.SysUsage().(*syscall.Rusage))
	return c, nil
}
