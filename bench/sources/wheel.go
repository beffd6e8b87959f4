package sources

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/peltonhq/pelton/bench/measure"
)

// patience bounds one run: it is for a hang.
const patience = 3 * time.Minute

// glance is between two looks at a wheel's figures, which are its work too: every 5 ms took 4 % of its processor time.
const glance = 25 * time.Millisecond

const config = `store: {sync: always}
api: {listen: "127.0.0.1:0", grpc: "127.0.0.1:0"}
sources:
  in:
    %s
    decode: {format: json, key: key}
sessions:
  out: {from: [in]}
`

// cost is what a wheel took.
type cost struct {
	wall, cpu time.Duration // of the process, from its start to the last durable snapshot; all of it
	peak      int64         // bytes of memory
}

// profiles, where it is set, is a directory for the wheel's profiles, one for each run.
const profiles = "PELTON_BENCH_SOURCES_PROFILE"

//go:embed profile.txt
var profiler []byte

// build makes the binary as its users do; for profiles with a file more, which the tree does not have.
func build(ctx context.Context, o *measure.Options) (string, error) {
	program := filepath.Join(o.Dir, "pelton")
	args := []string{"build", "-o", program}
	if os.Getenv(profiles) != "" {
		overlay, err := overlay(o)
		if err != nil {
			return "", err
		}
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./cmd/pelton")...)
	cmd.Dir = o.Tree
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/pelton: %w\n%s", err, out)
	}
	return program, nil
}

// overlay says that there is one more file in the program.
func overlay(o *measure.Options) (string, error) {
	tree, err := filepath.Abs(o.Tree)
	if err != nil {
		return "", err
	}
	source, list := filepath.Join(o.Dir, "profile.go"), filepath.Join(o.Dir, "overlay.json")
	text, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(tree, "cmd/pelton/profile.go"): source}})
	if err != nil {
		return "", err
	}
	return list, errors.Join(os.WriteFile(source, profiler, 0o600), os.WriteFile(list, text, 0o600))
}

// wheelOnce runs a wheel with a new store over all messages.
func (s *side) wheelOnce(ctx context.Context, program, dir string, round int) (c cost, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if dir, err = os.MkdirTemp(dir, "run-"); err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "pelton.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, config, s.source(round)), 0o600); err != nil {
		return c, err
	}
	cmd := exec.CommandContext(ctx, program, "run", file)
	if to := os.Getenv(profiles); to != "" {
		name := fmt.Sprintf("%s-%d.pprof", strings.ReplaceAll(s.name, " ", "-"), round)
		cmd.Env = append(os.Environ(), profiles+"="+filepath.Join(to, name))
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	var words bytes.Buffer
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&words, in), &words
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return c, err
	}
	ended := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		_ = in.Close()
		ended <- err
	}()
	err = s.settle(ctx, out)
	c.wall = time.Since(begin)
	c.peak = measure.HighWater(cmd.Process.Pid)
	cancel() // ends it as Ctrl-C does
	if e := <-ended; err == nil && !errors.Is(e, context.Canceled) {
		err = e
	}
	if err != nil {
		return c, fmt.Errorf("pelton run: %w\n%s", err, words.Bytes())
	}
	c.cpu = measure.Spent(cmd.ProcessState.SysUsage().(*syscall.Rusage))
	return c, nil
}

// settle feeds a wheel and waits until every message is a snapshot.
func (s *side) settle(ctx context.Context, out io.Reader) error {
	base, err := listening(out)
	if err != nil {
		return err
	}
	fed := make(chan error, 1)
	if s.feed != nil {
		go func() { fed <- s.feed(ctx, base) }()
	} else {
		fed <- nil
	}
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for {
		snapshots, keys, err := count(ctx, base)
		switch {
		case err != nil:
			return err
		case snapshots > s.load.messages, snapshots == s.load.messages && keys != s.load.keys:
			return fmt.Errorf("%d snapshots of %d keys, want %d of %d", snapshots, keys, s.load.messages, s.load.keys)
		case snapshots == s.load.messages:
			return <-fed
		}
		select {
		case <-tick.C:
		case err := <-fed:
			if err != nil {
				return err
			}
			fed <- nil
		case <-ctx.Done():
			return fmt.Errorf("%d of %d snapshots: %w", snapshots, s.load.messages, ctx.Err())
		}
	}
}

// listening reads a wheel's output up to where it says where it listens, and the rest aside.
func listening(out io.Reader) (string, error) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), "listening on "); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }() // until the process ends
			return strings.Fields(rest)[0], nil
		}
	}
	return "", errors.Join(errors.New("it listens nowhere"), lines.Err())
}

// count reads the metrics.
func count(ctx context.Context, base string) (snapshots, keys int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/metrics", http.NoBody)
	if err != nil {
		return 0, 0, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, 0, err
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		for name, to := range map[string]*int{`pelton_session_snapshots_total{session="out"} `: &snapshots, `pelton_session_keys{session="out"} `: &keys} {
			if text, ok := strings.CutPrefix(lines.Text(), name); ok {
				f, err := strconv.ParseFloat(text, 64)
				if err != nil {
					return 0, 0, err
				}
				*to = int(f)
			}
		}
	}
	return snapshots, keys, lines.Err()
}
