package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
)

// TestOffline is the way of a new user, in an empty directory on a machine with only Go, without a network: init,
// plugin new, run, edit, swap.
func TestOffline(t *testing.T) {
	t.Parallel()
	cache, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	alone := func(c *exec.Cmd) *exec.Cmd {
		c.Dir = root
		c.Env = []string{
			"PATH=" + os.Getenv("PATH"), "GOCACHE=" + strings.TrimSpace(string(cache)), "GOFLAGS=-mod=mod", "GOPROXY=off",
			"HOME=" + filepath.Join(root, "home"), "GOPATH=" + filepath.Join(root, "gopath"), "GOMODCACHE=" + filepath.Join(root, "modules"),
		}
		return c
	}
	run := func(args ...string) {
		t.Helper()
		if r := finish(t, alone(command(limited(t), args...))); r.code != 0 {
			t.Fatalf("%v: %+v", args, r)
		}
	}
	project := filepath.Join(root, "project")
	run("init", project)
	run("plugin", "new", "second", "--dir", filepath.Join(project, "plugins", "second"))
	config := filepath.Join(project, "pelton.yaml")
	edit(t, config, "sessions:\n", "  second: {from: [hello], wasm: {path: plugins/second}}\nsessions:\n  seconds: {from: [second]}\n", "rate: 5/s", "rate: 500/s")
	run("check", config)

	w := launch(t, alone(wheelOf(t, config)))
	r := reader{t: t, name: "seconds"}
	r.read(w, 3)
	source := filepath.Join(project, "plugins", "second")
	edit(t, filepath.Join(source, "main.go"), "m.Payload())", "[]byte(`{\"edited\":true}`))")
	swap := alone(w.asks("plugin", "swap", "second", source))
	if got := finish(t, swap); got.code != 0 || !strings.HasPrefix(got.out, "second: revision 2 (") {
		t.Fatalf("%+v", got)
	}
	latest := w.until(func(s api.Stats) bool { return s.Sessions[1].Snapshots > 0 }).Sessions[1].Snapshots
	r.read(w, int(latest)) // some were read already, so this goes beyond what there was
	if last := r.seen[len(r.seen)-1]; string(last.Bytes()) != `{"edited":true}` {
		t.Errorf("after the swap came %+v", last)
	}
	if first := r.seen[0]; !strings.Contains(string(first.Bytes()), `"seq":`) {
		t.Errorf("before the swap came %+v", first)
	}
	w.stop()
}
