package call

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	extism "github.com/extism/go-sdk"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"

	"github.com/peltonhq/pelton/bench/call/grpc"
	"github.com/peltonhq/pelton/bench/call/knqyf"
	"github.com/peltonhq/pelton/bench/guest"
	"github.com/peltonhq/pelton/bench/measure"
)

// withExtism calls a C guest that reads its input in words through host functions. It has no time limit.
func withExtism(ctx context.Context, o *measure.Options) (c contestant, err error) {
	c = contestant{name: "Extism, C guest", batch: 1}
	g, err := guest.Extism(ctx, o)
	if err != nil || g.Absent != "" {
		c.absent = g.Absent
		return c, err
	}
	p, err := extism.NewPlugin(ctx, extism.Manifest{Wasm: []extism.Wasm{extism.WasmFile{Path: g.Path}}}, extism.PluginConfig{}, nil)
	if err != nil {
		return c, err
	}
	c.close = func() error { return p.Close(context.Background()) }
	c.with = func(payload []byte) func(op int) (bool, error) {
		return func(op int) (bool, error) {
			code, _, err := p.Call(names[op], payload)
			if code == 1 { // the guest's answer, which Extism takes for an error
				return true, nil
			}
			return false, err
		}
	}
	return c, nil
}

// withKnqyf calls a guest in Go by knqyf263/go-plugin. It has no time limit.
func withKnqyf(ctx context.Context, o *measure.Options) (c contestant, err error) {
	c = contestant{name: "knqyf263/go-plugin, Go guest", batch: 1}
	file := filepath.Join(o.Dir, "guests", "knqyf.wasm")
	if err := compile(ctx, o, file, "./call/knqyf/guest", []string{"GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0"}, "-buildmode=c-shared"); err != nil {
		return c, err
	}
	host, err := knqyf.NewBenchPlugin(ctx)
	if err != nil {
		return c, err
	}
	p, err := host.Load(ctx, file)
	if err != nil {
		return c, err
	}
	c.close = func() error { return p.Close(context.Background()) }
	c.with = func(payload []byte) func(op int) (bool, error) {
		return func(op int) (bool, error) {
			reply, err := p.Handle(ctx, &knqyf.Request{Op: uint32(op), Payload: payload})
			if err != nil {
				return false, err
			}
			return reply.GetOdd(), nil
		}
	}
	return c, nil
}

// withHashicorp calls a process in Go by hashicorp/go-plugin over gRPC.
func withHashicorp(ctx context.Context, o *measure.Options) (c contestant, err error) {
	c = contestant{name: "hashicorp/go-plugin, Go process", batch: 1}
	file := filepath.Join(o.Dir, "grpc-server")
	if err := compile(ctx, o, file, "./call/grpc/server", nil); err != nil {
		return c, err
	}
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: grpc.Handshake, Plugins: plugin.PluginSet{"bench": grpc.Plugin{}}, Cmd: exec.Command(file), //nolint:gosec // built above
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC}, Logger: hclog.New(&hclog.LoggerOptions{Output: io.Discard}),
	})
	c.close = func() error { client.Kill(); return nil }
	conn, err := client.Client()
	if err != nil {
		return c, err
	}
	p, err := conn.Dispense("bench")
	if err != nil {
		return c, err
	}
	c.with = func(payload []byte) func(op int) (bool, error) {
		return func(op int) (bool, error) { return p.(grpc.Client).Handle(ctx, op, payload) }
	}
	return c, nil
}

// compile builds a program of this module.
func compile(ctx context.Context, o *measure.Options, file, pkg string, env []string, flags ...string) error {
	args := append(append([]string{"build", "-o", file}, flags...), pkg)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = filepath.Join(o.Tree, "bench"), append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	return nil
}
