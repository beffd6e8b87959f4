package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/engine"
	"github.com/peltonhq/pelton/engine/config"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// net/http lets a client read its last answer for half a second after it closed a connection.
		goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"),
		// Made once per process by the stores' library, for all stores.
		goleak.IgnoreTopFunction("github.com/cockroachdb/pebble/v2/vfs.(*diskHealthCheckingFS).startTickerLocked.func1"),
	)
}

// shout emits every message again, in capitals, and gives up each tenth.
type shout struct{ n int }

func (s *shout) Init([]byte) ([]pelton.Output, error) { return []pelton.Output{{Name: "loud"}}, nil }

func (s *shout) Handle(m *native.Message, out *native.Out) pelton.Verdict {
	if s.n++; s.n%10 == 0 {
		return pelton.Dead("the tenth")
	}
	out.Emit("loud", m.Key(), bytes.ToUpper(m.Payload()))
	return pelton.Ack()
}

func registry() native.Registry {
	return native.Registry{"shout": native.Module("shout", func() native.Plugin { return new(shout) })}
}

func wheel(t *testing.T, count int, extra string) config.Config {
	t.Helper()
	dir := t.TempDir()
	text := fmt.Sprintf(`
sources:
  flights:
    demo: {count: %d}
    decode: {format: json, key: origin}
plugins:
  shout: {from: [flights], native: {name: shout}}
sessions:
  loud: {from: [shout.loud]}
sinks:
  raw: {from: [flights], stdout: {}}
api: {listen: "127.0.0.1:0", grpc: "127.0.0.1:0"}
%s`, count, extra)
	c, err := config.Parse([]byte(text), filepath.Join(dir, "pelton.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// events collects what a run tells.
type events struct {
	mu  sync.Mutex
	all []engine.Event
}

func (e *events) add(event engine.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, event)
}

func (e *events) find(kind string) (found []engine.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, event := range e.all {
		if event.Event == kind {
			found = append(found, event)
		}
	}
	return found
}

func TestRun(t *testing.T) {
	c := wheel(t, 1000, "")
	for _, want := range []uint64{1000, 0} { // the second run has nothing left to do
		var seen events
		var out bytes.Buffer
		err := engine.Run(t.Context(), c, engine.Options{UntilIdle: true, Events: seen.add, Native: registry(), Stdout: &out, CacheDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		settled := seen.find("settled")
		if len(settled) != 1 {
			t.Fatalf("settled was told %d times", len(settled))
		}
		f := settled[0].Figures
		if f.Messages != want || f.Dead != 100 {
			t.Errorf("%d messages and %d dead, want %d and 100", f.Messages, f.Dead, want)
		}
		if lines := strings.Count(out.String(), "\n"); uint64(lines) != want {
			t.Errorf("%d lines of output, want %d", lines, want)
		}
		if len(seen.find("stopped")) != 1 {
			t.Error("stopped was not told once")
		}
	}
}

func TestRefused(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		change func(*config.Config)
		class  error
		text   string
	}{
		"endless":  {func(c *config.Config) { s := c.Sources["flights"]; s.Demo.Count = 0; c.Sources["flights"] = s }, engine.ErrUsage, "never ends"},
		"port":     {func(c *config.Config) { c.API.Listen = taken.Addr().String() }, engine.ErrEnvironment, "address already in use"},
		"address":  {func(c *config.Config) { c.API.Listen = "0.0.0.0:0" }, engine.ErrUsage, "not a loopback address"},
		"store":    {func(c *config.Config) { c.Store.Dir = file }, engine.ErrEnvironment, file},
		"registry": {func(c *config.Config) { p := c.Plugins["shout"]; p.Native.Name = "shuot"; c.Plugins["shout"] = p }, engine.ErrUsage, "shuot"},
		"output": {func(c *config.Config) {
			s := c.Sessions["loud"]
			s.From = []string{"shout.laud"}
			c.Sessions["loud"] = s
		}, engine.ErrUsage, "laud"},
	} {
		t.Run(name, func(t *testing.T) {
			c := wheel(t, 10, "")
			row.change(&c)
			var seen events
			err := engine.Run(t.Context(), c, engine.Options{UntilIdle: true, Events: seen.add, Native: registry(), Stdout: new(bytes.Buffer), CacheDir: t.TempDir()})
			if !errors.Is(err, row.class) || !strings.Contains(err.Error(), row.text) {
				t.Errorf("error %v, want one of class %q with %q", err, row.class, row.text)
			}
			if len(seen.find("settled")) != 0 {
				t.Error("it ran all the same")
			}
		})
	}
}

func TestDrain(t *testing.T) {
	c := wheel(t, 0, "")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var seen events
	var out bytes.Buffer
	err := engine.Run(ctx, c, engine.Options{
		Native: registry(), Stdout: &out, CacheDir: t.TempDir(),
		Events: func(e engine.Event) {
			seen.add(e)
			if e.Event == "listening" {
				stop()
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen.find("stopped")) != 1 {
		t.Error("stopped was not told")
	}
}

func ExampleRun() {
	dir, err := os.MkdirTemp("", "wheel")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	c, err := config.Parse([]byte(`
sources:
  flights: {demo: {count: 100}, decode: {format: json, key: origin}}
plugins:
  shout: {from: [flights], native: {name: shout}}
sessions:
  loud: {from: [shout.loud]}
api: {listen: "127.0.0.1:0", grpc: "127.0.0.1:0"}
`), filepath.Join(dir, "pelton.yaml"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = engine.Run(context.Background(), c, engine.Options{
		UntilIdle: true,
		CacheDir:  dir,
		Native:    native.Registry{"shout": native.Module("shout", func() native.Plugin { return new(shout) })},
		Events: func(e engine.Event) {
			if e.Event == "settled" {
				fmt.Printf("%d messages, %d dead\n", e.Figures.Messages, e.Figures.Dead)
			}
		},
	})
	fmt.Println(err)
	// Output:
	// 100 messages, 10 dead
	// <nil>
}
