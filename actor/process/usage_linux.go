package process

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// processorTime is what all threads of a process have used. The id of that clock is made of the process's number,
// inverted, and the bits for "time that the scheduler gave it".
func processorTime(pid int) (time.Duration, bool) {
	const scheduled = 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduled), &t); err != nil {
		return 0, false
	}
	return time.Duration(t.Nano()), true
}

// memory is the bytes that a process, and with children those too, hold for themselves, swapped out or not: what they
// share with files, such as the code of libraries, is not theirs alone.
func memory(pid int, children bool) int64 {
	if !children {
		return privateMemory(strconv.Itoa(pid))
	}
	total, queue := int64(0), []string{strconv.Itoa(pid)}
	for n := 0; n < len(queue) && n < maxProcesses; n++ {
		total += privateMemory(queue[n])
		queue = append(queue, childrenOf(queue[n])...)
	}
	return total
}

const maxProcesses = 1000 // of one plugin that are looked at

func childrenOf(pid string) (all []string) {
	tasks, err := os.ReadDir("/proc/" + pid + "/task")
	if err != nil {
		return nil
	}
	for _, task := range tasks {
		list, err := os.ReadFile("/proc/" + pid + "/task/" + task.Name() + "/children")
		if err == nil {
			all = append(all, strings.Fields(string(list))...)
		}
	}
	return all
}

var privateKinds = [][]byte{[]byte("RssAnon:"), []byte("RssShmem:"), []byte("VmSwap:")}

func privateMemory(pid string) (total int64) {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		for _, kind := range privateKinds {
			if rest, ok := bytes.CutPrefix(line, kind); ok {
				kilobytes, _ := strconv.ParseInt(string(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte(" kB"))), 10, 64)
				total += kilobytes << 10
			}
		}
	}
	return total
}
