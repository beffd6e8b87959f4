package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
)

// few is a wheel that ends soon, and keeps little: two airports, the last five flights of each.
const few = `
sources:
  flights: {demo: {count: 40, keys: 2}, decode: {format: json, key: origin}}
sessions:
  latest: {from: [flights], retain: {snapshots: 5}}
`

// fewWheel runs few until it has settled.
func fewWheel(t *testing.T) *wheel {
	t.Helper()
	w := start(t, write(t, filepath.Join(t.TempDir(), "pelton.yaml"), few))
	w.await("settled")
	return w
}

// head is the newest snapshot of an airport.
func (w *wheel) head(key string) api.Head {
	w.t.Helper()
	var heads []api.Head
	w.says(&heads, "session", "list", "latest")
	i := slices.IndexFunc(heads, func(h api.Head) bool { return h.Key == key })
	if len(heads) != 2 || i < 0 {
		w.t.Fatalf("sessions: %+v", heads)
	}
	return heads[i]
}

// TestRefusedFollow asks for what is not there, over HTTP and by the CLI: each answer says what is wrong, a cursor that
// can't be resumed also where to go on, and that place is one (S1).
func TestRefusedFollow(t *testing.T) {
	t.Parallel()
	w := fewWheel(t)
	head := w.head("ORD")
	key := func(epoch, id uint64) string { return pelton.Cursor{Epoch: epoch, ID: id}.String() }
	newest := w.refusal("latest", "@7:1").Detail["latest"] // of all keys, whose log has an epoch of its own
	for _, c := range []struct {
		name, path, after string
		code, want        string
		resumes           bool
	}{
		{"unknown name", "lates/ORD", "", "NOT_FOUND", `did you mean "latest"?`, false},
		{"unknown name of all", "lates", "", "NOT_FOUND", `did you mean "latest"?`, false},
		{"malformed", "latest/ORD", "five", "INVALID_ARGUMENT", "want epoch:id", false},
		{"negative", "latest/ORD", "1:-1", "INVALID_ARGUMENT", "want epoch:id", false},
		{"of the name", "latest/ORD", "@" + key(head.Epoch, 1), "INVALID_ARGUMENT", "cursor", false},
		{"of a key", "latest", key(head.Epoch, 1), "INVALID_ARGUMENT", "cursor", false},
		{"another epoch", "latest/ORD", key(7, head.ID), "OUT_OF_RANGE", "another epoch", true},
		{"trimmed", "latest/ORD", key(head.Epoch, 1), "OUT_OF_RANGE", "was trimmed", true},
		{"future", "latest/ORD", key(head.Epoch, head.ID+1), "OUT_OF_RANGE", "ahead of the newest", true},
		{"another epoch of all", "latest", "@7:1", "OUT_OF_RANGE", "another epoch", true},
		{"future of all", "latest", newest + "0", "OUT_OF_RANGE", "ahead of the newest", true},
	} {
		got := w.refusal(c.path, c.after)
		if got.Code != c.code || !strings.Contains(got.Message, c.want) || got.Detail["resume"] != "" != c.resumes {
			t.Errorf("%s over HTTP: %+v\nwant %s, … %s", c.name, got, c.code, c.want)
		}
		if c.resumes {
			w.resumes(c.path, got.Detail["resume"])
		}
		code := 1
		if c.code == "INVALID_ARGUMENT" {
			code = 2
		}
		args := append([]string{"session", "follow"}, strings.Split(c.path, "/")...)
		w.fails(code, []string{c.want, got.Detail["resume"]}, append(args, "--after", c.after)...)
	}
	text := w.get("/v1/sessions/lates/ORD", http.StatusNotFound)
	if text += w.get("/v1/sessions/latest/XXX", http.StatusNotFound); !strings.Contains(text, `did you mean \"latest\"?`) || !strings.Contains(text, "XXX") {
		t.Error(text)
	}
	if now := w.head("ORD"); now != head {
		t.Errorf("the session changed: %+v, %+v", head, now)
	}
	w.stop()
}

// refusal is the error that a stream ends with.
type refusal struct {
	Code    string            `json:"code"`
	Message string            `json:"message"`
	Detail  map[string]string `json:"detail"`
}

func events(path, after string) string {
	return "/v1/sessions/" + path + "/events?after=" + url.QueryEscape(after)
}

func (w *wheel) refusal(path, after string) (r refusal) {
	w.t.Helper()
	err := sse(limited(w.t), w.http, events(path, after), func(e sseEvent) bool {
		if e.name != "error" {
			w.t.Errorf("%s after %q: %+v", path, after, e)
			return false
		}
		if err := json.Unmarshal([]byte(e.data), &r); err != nil {
			w.t.Errorf("%s after %q: %v: %s", path, after, err, e.data)
		}
		return false
	})
	if err != nil {
		w.t.Errorf("%s after %q: %v", path, after, err)
	}
	return r
}

// resumes follows from where an error said.
func (w *wheel) resumes(path, after string) {
	w.t.Helper()
	err := sse(limited(w.t), w.http, events(path, after), func(e sseEvent) bool {
		if e.name != "hello" {
			w.t.Errorf("%s after %s: %+v", path, after, e)
		}
		return false
	})
	if err != nil {
		w.t.Errorf("%s after %s: %v", path, after, err)
	}
}

// TestHeld starts a second wheel on a store: it ends and names the first, which goes on. What a killed one leaves
// behind holds nobody.
func TestHeld(t *testing.T) {
	t.Parallel()
	w := fewWheel(t)
	head := w.head("ORD")
	config := w.cmd.Args[2]
	r := finish(t, wheelOf(t, config, "--until-idle"))
	if want := fmt.Sprintf("held by pid %d at %s", w.cmd.Process.Pid, w.http); r.code != 3 || !strings.Contains(r.err, want) || strings.Count(r.err, "\n") != 1 {
		t.Errorf("the second wheel: %+v; want 3, %s", r, want)
	}
	if now := w.head("ORD"); now != head {
		t.Errorf("the session changed: %+v, %+v", head, now)
	}
	w.kill()
	again := start(t, config)
	if f := again.await("settled").Figures; f.Messages != 0 || again.head("ORD") != head {
		t.Errorf("after the kill: %+v, %+v", f, head)
	}
	again.stop()
}

// TestUnreadableStore gives a wheel stores that it can't read: it ends, says what to do, and changes nothing.
func TestUnreadableStore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, damage string // the pattern of the files that are overwritten
		want         string
	}{
		{"damaged manifest", "MANIFEST-*", "store cannot be read"},
		{"manifest gone", "marker.manifest.*", "store cannot be read"},
		{"damaged format", "marker.format-version.*", "store cannot be read"},
		{"damaged table", "*.sst", "store cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := fewWheel(t)
			head := w.head("ORD")
			config, store := w.cmd.Args[2], filepath.Join(w.dir(), "store")
			w.stop()
			start(t, config).stop() // the log of the first run becomes a table
			mend := damage(t, store, c.damage)
			before := files(t, store)
			r := finish(t, wheelOf(t, config, "--until-idle"))
			if r.code != 3 || !strings.Contains(r.err, c.want) || !strings.Contains(r.err, store) || strings.Count(r.err, "\n") != 1 {
				t.Errorf("%+v\nwant 3, … %s", r, c.want)
			}
			if after := files(t, store); !maps.Equal(after, before) {
				t.Errorf("the store was changed:\n%v\n%v", slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
			}
			mend()
			w = start(t, config)
			if f := w.await("settled").Figures; f.Messages != 0 || w.head("ORD") != head {
				t.Errorf("after it was mended: %+v", f)
			}
			w.stop()
		})
	}
	t.Run("no permission", func(t *testing.T) {
		t.Parallel()
		c := wheelOf(t, write(t, filepath.Join(t.TempDir(), "pelton.yaml"), few), "--store", "/sys/pelton", "--until-idle")
		if r := finish(t, c); r.code != 3 || !strings.Contains(r.err, "store /sys/pelton: cannot make the directory") || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%+v", r)
		}
	})
}

// damage overwrites the files of the pattern, or takes those away that say which file counts; mend puts them back.
func damage(t *testing.T, dir, pattern string) (mend func()) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no %s in %s: %v", pattern, dir, err)
	}
	whole := map[string]string{}
	for _, path := range paths {
		whole[path] = read(t, path)
		if whole[path] == "" { // a marker: its name is what it says
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			continue
		}
		write(t, path, strings.Repeat("garbage ", 1+len(whole[path])/8))
	}
	return func() {
		for path, text := range whole {
			write(t, path, text)
		}
	}
}

// files are the files of a directory with their content.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all[e.Name()] = read(t, filepath.Join(dir, e.Name()))
	}
	return all
}
