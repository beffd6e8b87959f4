package client_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/peltonhq/pelton/api/client"
)

// The token goes to the wheel, and not to where that sends us.
func TestToken(t *testing.T) {
	t.Parallel()
	var stolen atomic.Bool
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen.Store(true) }))
	defer thief.Close()
	var sent atomic.Value
	wheel := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent.Store(r.Header.Get("Authorization"))
		http.Redirect(w, r, thief.URL, http.StatusTemporaryRedirect)
	}))
	defer wheel.Close()
	c := client.Open(wheel.URL, client.Options{Token: "pelton_x"})
	defer c.Close()
	_, err := c.Stats(t.Context())
	if err == nil || strings.Contains(err.Error(), "pelton_x") || sent.Load() != "Bearer pelton_x" || stolen.Load() {
		t.Errorf("%v, sent %v, stolen %v", err, sent.Load(), stolen.Load())
	}
}
