package file

import (
	"bufio"
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

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/sink"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/local"
)

// The test binary runs itself again as a child that writes lines until it is killed.
const (
	childDir  = "PELTON_TEST_SINK_DIR"
	childSize = "PELTON_TEST_SINK_SIZE"
)

// rotation is that of the child, and of the parent that looks after it.
func rotation() Rotate {
	size, _ := strconv.ParseInt(os.Getenv(childSize), 10, 64)
	return Rotate{Size: size}
}

func prefix() []byte { return store.Key(store.SpaceMark, "kill") }

func number(n uint64) pelton.Effect {
	return pelton.Effect{Token: n, Payload: strconv.AppendUint(nil, n, 10), Mark: store.AppendUint64(prefix(), n)}
}

// known is how many effects a sender finds to be durable; they are the first ones, as they are sent in order.
func known(s store.Reader) (n uint64, err error) {
	for e, err := range s.Scan(prefix(), store.PrefixEnd(prefix()), store.ScanOptions{}) {
		if err != nil {
			return 0, err
		}
		k, _, err := store.CutUint64(e.Key[len(prefix()):])
		if err != nil || k != n+1 {
			return 0, fmt.Errorf("mark %d follows %d: %w", k, n, err)
		}
		n = k
	}
	return n, nil
}

// lane sends numbers as there is room.
type lane struct {
	room chan struct{}
	done func(token uint64, err error)
}

func (l *lane) Complete(token uint64, err error) { l.done(token, err) }

func (l *lane) Room() {
	select {
	case l.room <- struct{}{}:
	default:
	}
}

// send offers the numbers behind those that are durable, up to last.
func send(st store.Store, path string, last uint64, done func(uint64, error)) (*sink.Worker, error) {
	from, err := known(st)
	if err != nil {
		return nil, err
	}
	s, err := Open(Options{Name: "out", Path: path, Store: st, Rotate: rotation()})
	if err != nil {
		return nil, err
	}
	w := sink.Start(sink.Options{Name: "out", Sink: s, Buffer: 64 << 10})
	l := &lane{make(chan struct{}, 1), done}
	for n := from + 1; n <= last; {
		if taken := w.Offer([]pelton.Effect{number(n)}, l); taken == 0 {
			<-l.room
			continue
		}
		n++
	}
	return w, nil
}

// child never returns in a child.
func child() {
	dir := os.Getenv(childDir)
	if dir == "" {
		return
	}
	st, err := local.Open(local.Options{Dir: filepath.Join(dir, "store")})
	if err == nil {
		_, err = send(st, filepath.Join(dir, "out"), 1<<40, func(n uint64, err error) {
			// One write call a line, so the parent has what it reads even if the kill comes now. Few of them, so that
			// most kills come while the sink writes, syncs or commits.
			if err != nil || n%100 == 0 {
				_, _ = fmt.Fprintln(os.Stdout, n, err)
			}
		})
	}
	fmt.Println("error", err)
	os.Exit(1)
}

// killed runs a child until it has reported so many lines, and returns the last one that it reported.
func killed(t *testing.T, dir string, after int) (last uint64) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		text, _ := strings.CutSuffix(lines.Text(), " <nil>")
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			_ = cmd.Process.Kill()
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

// TestKill holds S2 over kill -9: whenever it comes, the file has the lines 1..n exactly once each, and goes on at n+1.
func TestKill(t *testing.T) {
	for name, size := range map[string]string{"one file": "0", "rotated": "2000"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(childSize, size)
			kills(t)
		})
	}
}

func kills(t *testing.T) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	var acked uint64
	for range 3 {
		acked = max(acked, killed(t, dir, 1+random.IntN(100)))
		resume(t, dir, acked)
	}
}

// resume opens what a killed child left behind, writes some lines more, and checks every line.
func resume(t *testing.T, dir string, acked uint64) {
	t.Helper()
	st, err := local.Open(local.Options{Dir: filepath.Join(dir, "store")})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	n, err := known(st)
	if err != nil || n < acked {
		t.Fatalf("%d lines have marks, %d were reported; %v", n, acked, err)
	}
	path := filepath.Join(dir, "out")
	was, _, err := load(st, "out")
	if err != nil {
		t.Fatal(err)
	}
	size := int64(0) // of no file: killed while it was put aside
	if before, err := os.Stat(path); err == nil {
		size = before.Size()
	} else if was.To == 0 {
		t.Fatal(err)
	}
	t.Logf("killed behind line %d, %d are durable, %d bytes are a tail, %d files are put aside, putting aside %d", acked, n, size-was.Length, was.Number, was.To)
	last := n + 500
	done := make(chan error, 500)
	w, err := send(st, path, last, func(_ uint64, err error) { done <- err })
	if err != nil {
		t.Fatal(err)
	}
	for range 500 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	text := []byte(strings.Join(append((&place{t: t, path: path}).lines(), ""), "\n"))
	lines := strings.SplitAfter(string(text), "\n")
	for i, line := range lines[:len(lines)-1] {
		if line != strconv.Itoa(i+1)+"\n" {
			t.Fatalf("line %d is %q", i+1, line)
		}
	}
	if uint64(len(lines)-1) != last {
		t.Fatalf("%d lines, want %d", len(lines)-1, last)
	}
}
