package console_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/delta"
	"github.com/peltonhq/pelton/api/web"
	"github.com/peltonhq/pelton/console"
	"github.com/peltonhq/pelton/store/memory"
)

// Dead letters and parked deliveries come by Connect, whose JSON has names of its own: the page reads only names that a
// full answer has.
func TestLists(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	origin := api.Origin{Source: "flights", Incarnation: "b1946ac9", Lane: "0", Position: 7, Trace: "00-1-2-01"}
	headers := []pelton.Header{{Name: "a", Value: "b"}}
	w.Letters = []api.DeadLetter{{
		Origin: origin, Failure: api.Failure{Attempts: 5, Reason: "trap", Revision: 2, Digest: "sha256:12", First: time.Unix(1, 0), Last: time.Unix(2, 0)},
		ID: "d1", Delivery: "flights/b1946ac9/0/7", Kind: api.DeadEmit, Plugin: "delays", Target: "sink/late", Key: "ORD",
		Payload: []byte("{}"), ContentType: "application/json", State: api.DeadStateDead, Replays: 1, Headers: headers,
	}}
	w.Waiting = []api.Parked{{
		Origin: origin, ID: "p1", Delivery: "flights/b1946ac9/0/7", Plugin: "delays", Key: "ORD", Kind: api.ParkedRetry,
		Due: time.Unix(3, 0), FirstSeen: time.Unix(1, 0), Attempts: 2, Defers: 1, Reason: "busy", Payload: []byte("{}"), Headers: headers,
	}}
	server := httptest.NewServer(web.NewHandler(w.Service, web.Options{Console: console.Handler()}))
	t.Cleanup(server.Close)

	files := pages(t)
	for _, c := range []struct{ method, list, variable string }{
		{"DeadLetterService/List", "deadLetters", "d"},
		{"ParkedService/List", "parked", "p"},
	} {
		if !strings.Contains(files["client.js"], c.method) || !strings.Contains(files["client.js"], c.list) {
			t.Errorf("client.js does not ask %s for %s", c.method, c.list)
		}
		row := first(t, server, c.method, c.list)
		read := regexp.MustCompile(`\b`+c.variable+`\.([a-zA-Z]+)\b`).FindAllStringSubmatch(files["letters.js"], -1)
		if len(read) < 8 {
			t.Errorf("only %d names of %s were found: the test looks for them in the wrong way", len(read), c.list)
		}
		for _, match := range read {
			if _, ok := row[match[1]]; !ok {
				t.Errorf("letters.js reads %s of %s; there are %v", match[1], c.list, row)
			}
		}
	}
}

// What happened, and what a config changes, come by Connect as well.
func TestAnswers(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	w.Happened = []delta.Event{{Seq: 1, Time: time.Unix(1, 0), Kind: "swapped", Level: "error", Source: "flights", Plugin: "delays", Revision: 2, Text: "rolled back"}}
	server := httptest.NewServer(web.NewHandler(w.Service, web.Options{Console: console.Handler()}))
	t.Cleanup(server.Close)
	files := pages(t)
	event := first(t, server, "WheelService/ListEvents", "events")
	plan, _ := ask(t, server, "WheelService/Apply", `{"config":"sources: {}","planOnly":true}`)["plan"].(map[string]any)
	changes, _ := plan["changes"].([]any)
	if len(changes) != 1 {
		t.Fatalf("the plan is %v", plan)
	}
	change, _ := changes[0].(map[string]any)
	fields, _ := change["fields"].([]any)
	field, _ := fields[0].(map[string]any)
	for _, c := range []struct {
		file, variable string
		row            map[string]any
		least          int
	}{{"events.js", "e", event, 7}, {"config.js", "c", change, 6}, {"config.js", "f", field, 3}} {
		read := regexp.MustCompile(`[^.\w]`+c.variable+`\.([a-zA-Z]+)\b`).FindAllStringSubmatch(files[c.file], -1)
		names := map[string]bool{}
		for _, match := range read {
			names[match[1]] = true
			if _, ok := c.row[match[1]]; !ok {
				t.Errorf("%s reads %s of %s; there are %v", c.file, match[1], c.variable, c.row)
			}
		}
		if len(names) < c.least {
			t.Errorf("only %v of %s were found in %s: the test looks for them in the wrong way", names, c.variable, c.file)
		}
	}
}

// first is the first row of a list, as a browser gets it.
func first(t *testing.T, server *httptest.Server, method, list string) map[string]any {
	t.Helper()
	rows, _ := ask(t, server, method, `{"limit":20}`)[list].([]any)
	if len(rows) != 1 {
		t.Fatalf("%s: %d of %s, want 1", method, len(rows), list)
	}
	row, _ := rows[0].(map[string]any)
	return row
}

// ask calls a method as a browser does.
func ask(t *testing.T, server *httptest.Server, method, message string) map[string]any {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/pelton.v1."+method, strings.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Connect-Protocol-Version", "1")
	answer, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %v %v", method, answer.StatusCode, body, err)
	}
	return body
}
