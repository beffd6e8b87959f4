package graphql_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api/graphql"
)

// The page brings all that it needs: nothing in it is loaded from elsewhere.
func TestIDE(t *testing.T) {
	t.Parallel()
	out := httptest.NewRecorder()
	graphql.IDE().ServeHTTP(out, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/graphql/ide", nil))
	page := out.Body.String()
	for _, outside := range []string{"://", " src=", "@import", "url(", "<link"} {
		if strings.Contains(page, outside) {
			t.Errorf("the page has %q", outside)
		}
	}
	if !strings.Contains(page, "</script>") || !strings.Contains(out.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%d bytes, %v", len(page), out.Header())
	}
}
