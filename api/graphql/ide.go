package graphql

import (
	_ "embed"
	"net/http"
)

//go:embed ide.html
var page []byte

// IDE serves one page, without anything from elsewhere, that posts operations to /graphql beside it.
func IDE() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'")
		w.Header().Set("X-Frame-Options", "DENY")
		_, _ = w.Write(page) // a browser that is gone needs no page
	})
}
