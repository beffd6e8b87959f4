package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed web
var embedded embed.FS

// policy lets the page load from and talk to its own origin only, and keeps it out of frames. There is no inline
// script or style, so that a payload which found its way into markup could still not run.
const policy = "default-src 'self'; base-uri 'none'; form-action 'none'; object-src 'none'; frame-ancestors 'none'"

// kinds are the content types of the files. The machine's own table is not asked: it may say anything about .js.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// missing is the page of the 404 answers; it has no address of its own.
const missing = "404.html"

// file is one file as it is answered.
type file struct {
	body []byte
	kind string
	etag string
}

// handler answers with files, by their path below /.
type handler struct{ files map[string]file }

// Handler serves the console at / and its files below. It answers GET and HEAD.
func Handler() http.Handler {
	h := handler{files: map[string]file{}}
	err := fs.WalkDir(embedded, "web", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := embedded.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		h.files[strings.TrimPrefix(name, "web/")] = file{
			body: body, kind: kinds[path.Ext(name)], etag: strconv.Quote(hex.EncodeToString(sum[:12])),
		}
		return nil
	})
	if err != nil {
		panic("console: " + err.Error()) // what is embedded can be read
	}
	return h
}

// ServeHTTP implements [http.Handler].
func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, r.Method+" "+r.URL.Path+": the console is only read; the API is below /v1 and /pelton.v1.", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = "index.html"
	}
	f, ok := h.files[name]
	if !ok || name == missing {
		h.lost(w, r)
		return
	}
	// The names of files do not change with their content: browsers keep them, and ask each time whether they hold.
	header.Set("Cache-Control", "no-cache")
	header.Set("ETag", f.etag)
	header.Set("Content-Type", f.kind)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(f.body))
}

// lost answers 404: a page for browsers, a line for everybody else.
func (h handler) lost(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Error(w, r.URL.Path+": there is nothing at this path; the console is at /, the API below /v1", http.StatusNotFound)
		return
	}
	f := h.files[missing]
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(f.body)))
	w.WriteHeader(http.StatusNotFound)
	if r.Method == http.MethodGet {
		_, _ = w.Write(f.body) // a browser that is gone needs no page
	}
}
