package console_test

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/console"
)

func get(t *testing.T, method, target string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, http.NoBody)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	console.Handler().ServeHTTP(w, r)
	return w
}

// pages are the files of the page by their path below /.
func pages(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(os.DirFS("web"), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := os.ReadFile(path.Join("web", name))
		out[name] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFiles(t *testing.T) {
	t.Parallel()
	kinds := map[string]string{
		".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	}
	for name, want := range pages(t) {
		if name == "404.html" {
			continue
		}
		target := "/" + name
		if name == "index.html" {
			target = "/"
		}
		w := get(t, http.MethodGet, target)
		if w.Code != http.StatusOK || w.Body.String() != want {
			t.Errorf("GET %s: %d with %d bytes, want 200 with %d", target, w.Code, w.Body.Len(), len(want))
		}
		if got := w.Header().Get("Content-Type"); got == "" || got != kinds[path.Ext(name)] {
			t.Errorf("GET %s: content type %q, want %q", target, got, kinds[path.Ext(name)])
		}
		if w.Header().Get("Cache-Control") != "no-cache" {
			t.Errorf("GET %s: a new version of the page would not be seen", target)
		}
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	whole := get(t, http.MethodGet, "/").Body.Len()
	for _, c := range []struct {
		method, target, accept string
		status                 int
		body                   string // is contained in the answer's
	}{
		{"GET", "/", "", 200, "<!doctype html>"},
		{"GET", "/index.html", "", 200, "<!doctype html>"},
		{"GET", "/?session=airports&key=ORD", "", 200, "<!doctype html>"},
		{"POST", "/", "", 405, "the API is below /v1"},
		{"DELETE", "/main.js", "", 405, "only read"},
		{"GET", "/nowhere", "", 404, "/nowhere: there is nothing at this path"},
		{"GET", "/nowhere/", "text/html,*/*", 404, "There is nothing at this path"},
		{"GET", "/404.html", "text/html", 404, "There is nothing at this path"},
		{"GET", "/../handler.go", "", 404, "nothing"},
		{"GET", "/web/index.html", "", 404, "nothing"},
		{"GET", "//", "", 404, "nothing"},
		{"HEAD", "/nowhere", "text/html", 404, ""},
	} {
		w := get(t, c.method, c.target, "Accept", c.accept)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) || (c.method == "HEAD" && w.Body.Len() > 0) {
			t.Errorf("%s %s: %d %.60q, want %d %q", c.method, c.target, w.Code, w.Body, c.status, c.body)
		}
	}
	head := get(t, http.MethodHead, "/")
	if head.Code != http.StatusOK || head.Body.Len() > 0 || head.Result().ContentLength != int64(whole) {
		t.Errorf("HEAD /: %d, %d bytes, length %d", head.Code, head.Body.Len(), head.Result().ContentLength)
	}
}

func TestNotModified(t *testing.T) {
	t.Parallel()
	first, other := get(t, http.MethodGet, "/main.js"), get(t, http.MethodGet, "/dom.js")
	etag := first.Header().Get("ETag")
	if etag == "" || etag == other.Header().Get("ETag") {
		t.Fatalf("ETag %q of one file, %q of another", etag, other.Header().Get("ETag"))
	}
	if w := get(t, http.MethodGet, "/main.js", "If-None-Match", etag); w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Errorf("asked with its ETag: %d with %d bytes, want 304 and none", w.Code, w.Body.Len())
	}
	if w := get(t, http.MethodGet, "/main.js", "If-None-Match", `"old"`); w.Code != http.StatusOK {
		t.Errorf("asked with another ETag: %d, want 200", w.Code)
	}
}

// Whatever is answered, nothing from elsewhere may run or load.
func TestPolicy(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"/", "/main.js", "/nowhere"} {
		header := get(t, http.MethodGet, target, "Accept", "text/html").Header()
		policy := header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'self';") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("%s: policy %q", target, policy)
		}
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: headers %v", target, header)
		}
	}
}

// The policy forbids inline script and style and foreign files, so a page that had them would be broken; and payloads
// are data, so nothing may take text for markup.
func TestInert(t *testing.T) {
	t.Parallel()
	forbidden := map[string]*regexp.Regexp{
		".html": regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script[^>]*>[^<]|https?://`),
		".css":  regexp.MustCompile(`(?i)@import|url\(|https?://`),
		".js":   regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|srcdoc|https?://[^w]`),
		".svg":  regexp.MustCompile(`(?i)<script|<style|\son[a-z]+=|href=`),
	}
	for name, body := range pages(t) {
		if found := forbidden[path.Ext(name)].FindString(body); found != "" {
			t.Errorf("%s has %q", name, found)
		}
	}
}

// Every file that another one names exists, and none is left that nobody names.
func TestReferences(t *testing.T) {
	t.Parallel()
	files := pages(t)
	named := map[string]bool{"index.html": true, "404.html": true}
	reference := regexp.MustCompile(`(?:src=|href=|from )["'](?:\./|/)?([a-z0-9.]+\.(?:js|css|svg|html))`)
	for name, body := range files {
		for _, match := range reference.FindAllStringSubmatch(body, -1) {
			named[match[1]] = true
			if _, ok := files[match[1]]; !ok {
				t.Errorf("%s names %s, which is not there", name, match[1])
			}
		}
	}
	for name := range files {
		if !named[name] {
			t.Errorf("nothing names %s", name)
		}
	}
}

// Figures are named as the API names them. Names with an underscore can only be the API's: all others here are in
// camel case.
func TestFigures(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, v := range []any{api.Stats{}, api.Topology{}, api.Plugin{}, api.Head{}, api.Document{}} {
		names(reflect.TypeOf(v), known)
	}
	used := regexp.MustCompile(`\.([a-z]+(?:_[a-z]+)+)\b`)
	field := regexp.MustCompile(`(?:field|rows): '([a-z_]+)'`)
	found := 0
	for name, body := range pages(t) {
		if path.Ext(name) != ".js" {
			continue
		}
		for _, match := range append(used.FindAllStringSubmatch(body, -1), field.FindAllStringSubmatch(body, -1)...) {
			found++
			if !known[match[1]] {
				t.Errorf("%s reads %s, which the API does not have", name, match[1])
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d names of figures were found: the test looks for them in the wrong way", found)
	}
}

// Places of figures, as data-figure names them, are paths in the JSON of the figures; a box's name is left out of them.
func TestPlaces(t *testing.T) {
	t.Parallel()
	body, err := json.Marshal(api.Stats{
		Sources: []api.SourceStats{{}}, Arenas: []api.ArenaStats{{}}, Plugins: []api.PluginStats{{}},
		Sessions: []api.SessionStats{{}}, Sinks: []api.SinkStats{{}}, Store: api.StoreStats{MaxBytes: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	var stats map[string]any
	if err := json.Unmarshal(body, &stats); err != nil {
		t.Fatal(err)
	}
	place := regexp.MustCompile("['`]((?:sources|arenas|plugins|sinks|sessions|store|memory|lot|config|events)\\.[a-z_.${}]+)['`]|place: '(uptime_ns)'")
	variable := regexp.MustCompile(`\.\$\{[a-z.]+\}`)
	found := 0
	for name, body := range pages(t) {
		if path.Ext(name) != ".js" {
			continue
		}
		for _, match := range place.FindAllStringSubmatch(body, -1) {
			found++
			if at := variable.ReplaceAllString(match[1]+match[2], ""); !reaches(stats, strings.Split(at, ".")) {
				t.Errorf("%s shows %s, which is not in /v1/stats", name, at)
			}
		}
	}
	if found < 15 {
		t.Errorf("only %d places of figures were found: the test looks for them in the wrong way", found)
	}
}

func reaches(v any, steps []string) bool {
	if list, ok := v.([]any); ok {
		v = list[0]
	}
	if len(steps) == 0 {
		return true
	}
	object, ok := v.(map[string]any)
	if !ok {
		return false
	}
	next, ok := object[steps[0]]
	return ok && reaches(next, steps[1:])
}

// names gathers the JSON names of a type and of all that it holds.
func names(t reflect.Type, into map[string]bool) {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		names(t.Elem(), into)
		return
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for field := range t.Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			into[name] = true
		}
		names(field.Type, into)
	}
}
