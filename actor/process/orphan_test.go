//go:build linux

package process_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peltonhq/pelton/actor/actortest"
	"github.com/peltonhq/pelton/actor/process"
)

// hostVariable makes the test's binary a wheel that starts the program it names, says its number and is killed.
const hostVariable = "PELTON_TEST_HOST"

func host() {
	r, err := process.New(process.Options{Dir: os.Getenv(hostVariable + "_DIR")})
	if err != nil {
		panic(err)
	}
	p, err := r.Program(process.Config{Command: []string{os.Getenv(hostVariable)}})
	if err != nil {
		panic(err)
	}
	artifact, err := p.Pack()
	if err != nil {
		panic(err)
	}
	m, err := p.Load(context.Background(), artifact)
	if err != nil {
		panic(err)
	}
	env := actortest.Env("{}")
	env.Limits.Time = int64(time.Hour)
	env.Log = func(_, message string) { fmt.Println(message) }
	i, err := m.Start(context.Background(), env)
	if err != nil {
		panic(err)
	}
	turn := actortest.Turn("log-pid;sleep 1h")
	turn.Begin(actortest.Output)
	panic(i.Handle(context.Background(), turn))
}

// A wheel that is killed takes its processes with it, also one that does not look at its stream.
func TestKilledWheel(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), hostVariable+"="+binary(t, "suite"), hostVariable+"_DIR="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()          // killed, as it says
	const patience = 30_000 // milliseconds; the test fails then
	if n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, patience); n != 1 {
		t.Errorf("process %d outlives its wheel: %v", pid, err)
	}
	// What it left on disk goes with the next wheel.
	if left := entries(t, dir); left == 0 {
		t.Error("nothing was left, so nothing is tested")
	}
	r, err := process.New(process.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if left := entries(t, dir); left != 0 {
		t.Errorf("%d entries are left", left)
	}
}

func entries(t *testing.T, dir string) int {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
