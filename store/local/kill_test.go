package local

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/store"
)

// The test binary runs itself again as a child that appends until it is killed.
const (
	childDir  = "PELTON_TEST_STORE_DIR"
	childSync = "PELTON_TEST_STORE_SYNC"
	childAddr = "127.0.0.1:7070"
)

// child appends numbers, several in flight, and prints each once it is acknowledged. It never returns in a child.
func child() {
	dir := os.Getenv(childDir)
	if dir == "" {
		return
	}
	s, err := Open(Options{Dir: dir, Sync: Sync(os.Getenv(childSync)), Addr: childAddr})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	token, err := s.Claim(context.Background(), "p")
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println("open")
	first, err := next(s)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	window := make(chan struct{}, 64)
	for n := first; ; n++ {
		window <- struct{}{}
		k := key("n", n)
		s.AppendAsync(token, []store.Record{put(k, fill(n)), put(key("twin", n), fill(n))}, func(_ store.Pos, err error) {
			if err != nil {
				fmt.Println("error", err)
				os.Exit(1)
			}
			// One write call a line, so the parent has what it reads even if the kill comes now.
			_, _ = os.Stdout.WriteString(strconv.FormatUint(n, 10) + "\n")
			<-window
		})
	}
}

// next is the number behind the last one in the store.
func next(s store.Reader) (uint64, error) {
	prefix := key("n")
	for e, err := range s.Scan(prefix, store.PrefixEnd(prefix), store.ScanOptions{Reverse: true, Limit: 1}) {
		if err != nil {
			return 0, err
		}
		n, _, err := store.CutUint64(e.Key[len(prefix):])
		return n + 1, err
	}
	return 0, nil
}

// fill is a value that depends on n, so that a torn one is seen.
func fill(n uint64) []byte { return []byte(strings.Repeat(strconv.FormatUint(n, 10)+",", 40)) }

func start(t *testing.T, dir string, mode Sync) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childDir+"="+dir, childSync+"="+string(mode))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, bufio.NewScanner(out)
}

// TestKill holds D2: what was acknowledged survives kill -9, in both modes of sync, whole and in order.
func TestKill(t *testing.T) {
	for _, mode := range []Sync{SyncAlways, SyncOff} {
		t.Run(string(mode), func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			random := rand.New(rand.NewPCG(seed, 0))
			dir := t.TempDir()
			var acked uint64
			for range 5 {
				acked = max(acked, killed(t, dir, mode, 1+random.IntN(3000)))
				verify(t, dir, mode, acked)
			}
			t.Logf("acknowledged up to %d, none lost", acked)
		})
	}
}

// killed runs a child, kills it after some acknowledgements, and returns the last that it gave.
func killed(t *testing.T, dir string, mode Sync, after int) (last uint64) {
	t.Helper()
	cmd, lines := start(t, dir, mode)
	for lines.Scan() {
		if lines.Text() == "open" {
			continue
		}
		n, err := strconv.ParseUint(lines.Text(), 10, 64)
		if err != nil {
			t.Fatalf("child: %s", lines.Text())
		}
		last = n
		if after--; after == 0 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("child ended with %v; want killed", err)
	}
	return last
}

func verify(t *testing.T, dir string, mode Sync, acked uint64) {
	t.Helper()
	s := open(t, Options{Dir: dir, Sync: mode})
	defer s.Close()
	want := uint64(0)
	prefix := key("n")
	for e, err := range s.Scan(prefix, store.PrefixEnd(prefix), store.ScanOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		n, _, err := store.CutUint64(e.Key[len(prefix):])
		if err != nil || n != want || !bytes.Equal(e.Value, fill(n)) {
			t.Fatalf("after %d comes %d = %.20s…, %v", want, n, e.Value, err)
		}
		if twin, err := s.Get(key("twin", n)); err != nil || !bytes.Equal(twin, fill(n)) {
			t.Fatalf("half of append %d is missing: %v", n, err)
		}
		want++
	}
	if want <= acked {
		t.Fatalf("acknowledged up to %d, found only %d", acked, want)
	}
}

// TestHeld: a second opener learns who holds the store; kill -9 frees it.
func TestHeld(t *testing.T) {
	dir := t.TempDir()
	cmd, lines := start(t, dir, SyncAlways)
	if !lines.Scan() || lines.Text() != "open" {
		t.Fatalf("child: %q", lines.Text())
	}
	_, err := Open(Options{Dir: dir})
	var held *store.HeldError
	if !errors.As(err, &held) || !errors.Is(err, store.ErrHeld) {
		t.Fatalf("second open: %v; want a HeldError", err)
	}
	if held.Holder.PID != cmd.Process.Pid || held.Holder.Addr != childAddr {
		t.Errorf("holder %+v; want pid %d at %s", held.Holder, cmd.Process.Pid, childAddr)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	_ = cmd.Wait()
	s := open(t, Options{Dir: dir})
	if _, err := Open(Options{Dir: dir}); !errors.As(err, &held) || held.Holder.PID != os.Getpid() {
		t.Errorf("second open in one process: %v; want held by pid %d", err, os.Getpid())
	}
	if err := s.SetAddr("[::1]:1"); err != nil || readHolder(dir).Addr != "[::1]:1" {
		t.Errorf("holder %+v, %v", readHolder(dir), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, holderFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("holder file after Close: %v", err)
	}
}
