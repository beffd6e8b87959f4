package pipeline

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/peltonhq/pelton/bench/guest"
	"github.com/peltonhq/pelton/bench/measure"
)

// contestant is one way to do it.
type contestant struct {
	name   string
	absent string
	pelton bool
	// command makes the process; it reads in and writes out. dir is new and its own.
	command func(dir string, in *input, out *os.File) (*exec.Cmd, error)
}

const mawk = `{ i = index($0, "\"value\":"); v = substr($0, i + 8); sub(/[,}].*/, "", v); if (v + 0 > 50) print substr($0, 1, length($0) - 1) ",\"level\":\"high\"}" }`

// all builds the programs of Pelton and the loops, and finds the rest.
func all(ctx context.Context, o *measure.Options) ([]contestant, error) {
	programs := map[string]string{"pelton": "../cmd/pelton", "native": "./pipeline/native", "loops": "./pipeline/loops"}
	for name, pkg := range programs {
		if err := compile(ctx, o, name, pkg); err != nil {
			return nil, err
		}
	}
	guests, err := guest.All(ctx, o)
	if err != nil {
		return nil, err
	}
	var list []contestant
	for _, g := range guests {
		list = append(list, contestant{"Pelton, " + g.Language + " guest", g.Absent, true, wheel(o, "pelton", fmt.Sprintf("wasm: {path: %q}", g.Path), wheelOptions{})})
	}
	const linked = "native: {name: filter}"
	return append(
		list,
		contestant{"Pelton, native Go", "", true, wheel(o, "native", linked, wheelOptions{})},
		contestant{"Pelton, native Go, no fsync", "", true, wheel(o, "native", linked, wheelOptions{noSync: true})},
		contestant{"Pelton, native Go, plain sink", "", true, wheel(o, "native", linked, wheelOptions{stdout: true})},
		filter("Go gjson + sjson loop", filepath.Join(o.Dir, "loops"), "gjson"),
		filter("Go byte-scan loop", filepath.Join(o.Dir, "loops"), "scan"),
		tool(ctx, o, "mawk", mawk),
		tool(ctx, o, "jq", "-c", `select(.value > 50) | .level = "high"`),
	), nil
}

func compile(ctx context.Context, o *measure.Options, name, pkg string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(o.Dir, name), pkg)
	cmd.Dir = filepath.Join(o.Tree, "bench")
	if name == "pelton" { // as its users build it
		cmd.Args[len(cmd.Args)-1] = "./cmd/pelton"
		cmd.Dir = o.Tree
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	return nil
}

// filter is a program that reads its standard input.
func filter(name, program string, args ...string) contestant {
	return contestant{name: name, command: func(_ string, in *input, out *os.File) (*exec.Cmd, error) {
		f, err := os.Open(in.Path)
		if err != nil {
			return nil, err
		}
		cmd := exec.Command(program, args...)
		cmd.Stdin, cmd.Stdout = f, out
		return cmd, nil
	}}
}

func tool(ctx context.Context, o *measure.Options, name string, args ...string) contestant {
	c := filter(name, name, args...)
	c.absent = measure.Tool{Name: name, Install: "apt-get install -y " + name}.Need(ctx, o)
	return c
}

// wheelOptions is what a variant leaves out, to see its price.
type wheelOptions struct {
	noSync bool // the store and the sink do without fsync
	stdout bool // a sink that may repeat lines after a crash
}

// wheel is Pelton with a new store: file source, one plugin, file sink, durable positions.
func wheel(o *measure.Options, program, plugin string, v wheelOptions) func(string, *input, *os.File) (*exec.Cmd, error) {
	return func(dir string, in *input, out *os.File) (*exec.Cmd, error) {
		sink, sync := fmt.Sprintf("file: {path: %q, on_new: truncate}", out.Name()), "always"
		if v.stdout {
			sink = "stdout: {}"
		}
		if v.noSync {
			sync = "off"
		}
		file := filepath.Join(dir, "pelton.yaml")
		text := strings.NewReplacer("IN", strconv.Quote(in.Path), "PLUGIN", plugin, "SINK", sink, "SYNC", sync).Replace(config)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, err
		}
		args := []string{file}
		if program == "pelton" {
			args = []string{"run", file, "--until-idle"}
		}
		cmd := exec.Command(filepath.Join(o.Dir, program), args...)
		if v.stdout {
			cmd.Stdout = out
		}
		return cmd, nil
	}
}

const config = `store: {sync: SYNC}
api: {listen: "127.0.0.1:0", grpc: "127.0.0.1:0"}
sources:
  lines:
    file: {path: IN}
    decode: {format: json, fields: [value]}
plugins:
  filter:
    from: [lines]
    PLUGIN
    config: {op: filter}
sinks:
  high:
    from: [filter]
    SINK
`
