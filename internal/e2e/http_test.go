package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/peltonhq/pelton/api"
)

// world is what a plugin asks: it answers well or badly, by path.
type world struct {
	*httptest.Server

	outside *httptest.Server // that is not allowed
	strayed atomic.Int64     // requests that reached it
	stop    chan struct{}    // what hangs ends with it
}

func serveWorld(t *testing.T) *world {
	t.Helper()
	w := &world{stop: make(chan struct{})}
	w.outside = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { w.strayed.Add(1) }))
	mux := http.NewServeMux()
	mux.HandleFunc("/ok/", func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(rw, "%s of %d bytes", r.Method, len(body))
	})
	mux.HandleFunc("/flaky/", func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Attempt") < "3" {
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/slow/", func(http.ResponseWriter, *http.Request) { <-w.stop })
	mux.HandleFunc("/big/", func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(make([]byte, 5000)) })
	mux.HandleFunc("/out/", func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, w.outside.URL, http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/cut/", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	w.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		close(w.stop)
		w.Close()
		w.outside.Close()
	})
	return w
}

// TestHTTP has messages enriched over the network, by a server that fails, is slow, says too much and redirects to where the
// plugin may not go. Failures are the plugin's to handle; awaiting spends no attempt.
func TestHTTP(t *testing.T) {
	t.Parallel()
	s := serveWorld(t)
	plugin, err := filepath.Abs("testdata/asks")
	if err != nil {
		t.Fatal(err)
	}
	built(t, plugin)
	var lines strings.Builder
	var want []string
	for i := range 60 {
		kind := []string{"ok", "flaky", "big", "out", "cut", "gone"}[i%6]
		line := fmt.Sprintf(`{"path":"/%s/%d"}`, kind, i)
		lines.WriteString(line + "\n")
		answer := map[string]string{
			"ok": fmt.Sprintf("1 200 POST of %d bytes", len(line)), "flaky": "3 200 ", "big": "1 200 too_large", "out": "1 0 refused",
			"cut": "1 0 unreachable", "gone": "1 404 404 page not found\n",
		}[kind]
		want = append(want, fmt.Sprintf("/%s/%d %s", kind, i, answer))
	}
	lines.WriteString(`{"path":"/slow/1"}` + "\n")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "paths.jsonl"), lines.String())
	config := write(t, filepath.Join(dir, "pelton.yaml"), strings.NewReplacer("PLUGIN", plugin, "URL", s.URL, "PLACE", strings.TrimPrefix(s.URL, "http://")).Replace(`
sources:
  paths:
    file: {path: paths.jsonl}
    decode: {format: json, key: path, fields: [path]}
plugins:
  asks:
    from: [paths]
    wasm: {path: PLUGIN}
    config: {base: URL}
    retry: {attempts: 3, initial: 50ms}
    capabilities: {http: {allow: ["PLACE"], timeout: 2s, max_response: 4KiB, concurrency: 4}}
sessions:
  answers: {from: [asks]}
`))
	w := start(t, config)
	w.await("settled")
	r := reader{t: t, name: "answers"}
	r.read(w, len(want))
	var got []string
	for _, d := range r.seen {
		got = append(got, text(t, d))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("answers:\n%q\nwant\n%q", got, want)
	}
	if n := s.strayed.Load(); n != 0 {
		t.Errorf("%d requests reached what is not allowed", n)
	}
	stats := w.until(func(s api.Stats) bool { return s.Settled })
	h := stats.Plugins[0].HTTP
	if h == nil || h.Outcomes["timeout"] != 3 || h.Outcomes["5xx"] != 20 || h.Outcomes["refused"] != 10 || h.Outcomes["too_large"] != 10 || h.Outcomes["2xx"] != 20 || h.Outcomes["4xx"] != 10 || h.Outcomes["unreachable"] < 10 || h.InFlight != 0 {
		t.Errorf("the figures of requests are %+v", h)
	}
	var letters []struct{ Reason string }
	w.says(&letters, "dead", "list")
	if len(letters) != 1 || !strings.Contains(letters[0].Reason, "after 3 attempts: timeout: no whole answer within") {
		t.Errorf("dead letters %+v", letters)
	}
	w.stop()
}

// TestDenied: without its grant a plugin does not start, and one that is swapped in goes back, both with the key to add.
func TestDenied(t *testing.T) {
	t.Parallel()
	config := counting(t)
	granted := read(t, config)
	edit(t, config, "capabilities: {kv: {max_bytes: 1MiB}}", "retry: {attempts: 5}")
	r := finish(t, wheelOf(t, config))
	if r.code != 2 || !strings.Contains(r.out+r.err, "plugin counts: the module imports pelton.kv_get: the plugin uses kv, which it is not granted: add capabilities: {kv: {}} to it in the config") {
		t.Errorf("exit %d, %s%s", r.code, r.out, r.err)
	}
	write(t, config, granted)
	w := start(t, config)
	plugin, err := filepath.Abs("testdata/asks")
	if err != nil {
		t.Fatal(err)
	}
	w.fails(1, []string{"rolled back", "pelton.http_request", "which it is not granted", "capabilities: {http: {allow:"}, "plugin", "swap", "counts", built(t, plugin))
	w.stop()
}

func text(t *testing.T, d api.Document) string {
	t.Helper()
	var s string
	if err := json.Unmarshal(d.Payload, &s); err != nil {
		t.Errorf("snapshot %q: %v", d.Payload, err)
	}
	return s
}
