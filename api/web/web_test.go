package web_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/web"
	"github.com/peltonhq/pelton/store/memory"
)

func start(t *testing.T) (*apitest.World, *httptest.Server) {
	t.Helper()
	w := apitest.New(t, memory.New())
	console := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "console") })
	server := httptest.NewServer(web.NewHandler(w.Service, web.Options{Console: console}))
	t.Cleanup(server.Close)
	return w, server
}

func do(t *testing.T, server *httptest.Server, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			request.Host = headers[i+1]
		}
	}
	answer, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

func TestReads(t *testing.T) {
	t.Parallel()
	w, server := start(t)
	w.Figures, w.Graph = api.Stats{Version: "1.2"}, api.Topology{Nodes: []api.Node{{Kind: "sink", Name: "late"}}}
	snap := w.Add(t, "airports", "ORD", 2)
	w.Add(t, "airports", "a/b c", 1)
	at := snap.Time.Format(time.RFC3339Nano)
	for _, c := range []struct {
		path   string
		status int
		want   string // of the body, as it is or, with …, how it begins
	}{
		{"/v1/sessions", 200, `[{"name":"airports"},{"name":"trimmed"},{"name":"wheel"}]` + "\n"},
		{"/v1/sessions/airports?after=ORD&limit=5", 200, `[{"name":"airports","key":"a/b c",…`},
		{"/v1/sessions/trimmed", 200, "[]\n"},
		{"/v1/sessions/airports/ORD", 200, fmt.Sprintf(`{"name":"airports","key":"ORD","epoch":%d,"id":2,"time":%q,"payload":{"n":2}}`+"\n", snap.Epoch, at)},
		{"/v1/sessions/airports/ORD?id=1", 200, fmt.Sprintf(`{"name":"airports","key":"ORD","epoch":%d,"id":1,…`, snap.Epoch)},
		{"/v1/sessions/airports/a%2Fb%20c", 200, `{"name":"airports","key":"a/b c",…`},
		{"/v1/sessions/airports/XXX", 404, `{"error":{"code":"NOT_FOUND",…`},
		{"/v1/sessions/airprots/ORD", 404, `{"error":{"code":"NOT_FOUND","message":"session \"airprots\": there is none of this name; did you mean \"airports\"?","detail":{"nearest":"airports"}}}` + "\n"},
		{"/v1/sessions/airports/ORD?id=x", 400, `{"error":{"code":"INVALID_ARGUMENT",…`},
		{"/v1/stats", 200, `{"version":"1.2",…`},
		{"/v1/topology", 200, `{"nodes":[{"kind":"sink","name":"late"}],"edges":[]}` + "\n"},
		{"/v1/nothing", 404, `{"error":{"code":"NOT_FOUND",…`},
		{"/livez", 200, "ok\n"},
		{"/readyz", 200, "ok\n"},
		{"/graphql/ide", 200, "<!doctype html>…"},
		{"/", 200, "console"},
	} {
		answer, body := do(t, server, http.MethodGet, c.path, "")
		begin, open := strings.CutSuffix(c.want, "…")
		if answer.StatusCode != c.status || (body != c.want && (!open || !strings.HasPrefix(body, begin))) {
			t.Errorf("GET %s: %d %s\nwant %d %s", c.path, answer.StatusCode, body, c.status, c.want)
		}
	}
}

// A list is never cut, however many pages it has.
func TestHeads(t *testing.T) {
	t.Parallel()
	w, server := start(t)
	const keys = 2345
	for i := range keys {
		w.Add(t, "airports", fmt.Sprintf("k%05d", i), 1)
	}
	_, body := do(t, server, http.MethodGet, "/v1/sessions/airports", "")
	var rows []api.Head
	if err := json.Unmarshal([]byte(body), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != keys || rows[keys-1].Key != fmt.Sprintf("k%05d", keys-1) {
		t.Errorf("%d rows of %d", len(rows), keys)
	}
}

func TestNotReady(t *testing.T) {
	t.Parallel()
	w, server := start(t)
	w.NotReady = errors.New("the store is full")
	answer, body := do(t, server, http.MethodGet, "/readyz", "")
	if answer.StatusCode != http.StatusServiceUnavailable || body != "the store is full\n" {
		t.Errorf("%d %s", answer.StatusCode, body)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	w, server := start(t)
	w.Figures = api.Stats{
		Version: "1.2", Settled: true,
		Sources: []api.SourceStats{{Name: "flights", State: "running", Messages: 7, Lanes: []api.LaneStats{{Lane: "0", Watermark: 9}}}},
		Plugins: []api.PluginStats{{
			Name: "delays", Revision: 3, Usage: api.Usage{BusyNs: 1_500_000_000}, Verdicts: api.Verdicts{Dead: 2},
			Faults: map[string]uint64{"trap": 4}, Dropped: map[string]uint64{"no reader": 5},
		}},
		Lot: api.LotStats{Dead: 6, ByKind: map[string]uint64{"defer": 8}},
	}
	answer, body := do(t, server, http.MethodGet, "/metrics", "")
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", answer.StatusCode, body)
	}
	for _, line := range []string{
		`pelton_info{version="1.2"} 1`, `pelton_settled 1`, `pelton_source_messages_total{source="flights"} 7`,
		`pelton_lane_watermark{lane="0",source="flights"} 9`, `pelton_plugin_verdicts_total{plugin="delays",revision="3",verdict="dead"} 2`,
		`pelton_plugin_faults_total{kind="trap",plugin="delays",revision="3"} 4`, `pelton_plugin_busy_seconds_total{plugin="delays",revision="3"} 1.5`,
		`pelton_plugin_dropped_total{plugin="delays",reason="no reader"} 5`, `pelton_dead_letters 6`, `pelton_parked{kind="defer"} 8`,
		`go_goroutines `,
	} {
		if !strings.Contains(body, "\n"+line) {
			t.Errorf("metrics have no line %s", line)
		}
	}
}

// Pages of other sites can make a browser send requests, but not these.
func TestForeign(t *testing.T) {
	t.Parallel()
	w, server := start(t)
	for _, c := range []struct {
		method  string
		headers []string
		status  int
	}{
		{"GET", []string{"Host", "evil.example"}, 403},
		{"GET", []string{"Host", "localhost:1"}, 200},
		{"POST", []string{"Origin", "https://evil.example"}, 403},
		{"POST", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"POST", []string{"Sec-Fetch-Site", "same-origin"}, 202},
		{"POST", nil, 202},
	} {
		path := "/v1/stats"
		if c.method == "POST" {
			path = "/v1/sources/orders"
		}
		answer, body := do(t, server, c.method, path, "{}", c.headers...)
		if answer.StatusCode != c.status {
			t.Errorf("%s with %v: %d %s, want %d", c.method, c.headers, answer.StatusCode, body, c.status)
		}
	}
	if len(w.Published) != 2 {
		t.Errorf("%d messages were published, want 2", len(w.Published))
	}
}
