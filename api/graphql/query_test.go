package graphql_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/graphql"
	"github.com/peltonhq/pelton/store/memory"
)

func ask(t *testing.T, server *httptest.Server, method, query string, headers ...string) (*http.Response, string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	at := server.URL
	if method == http.MethodGet {
		at += "?query=" + url.QueryEscape(query)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, at, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
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

func TestOperations(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	w.Add(t, "airports", "ORD", 2)
	w.ListOf = []api.Plugin{{Name: "delays", Revision: 1}}
	w.Letters = []api.DeadLetter{{ID: "a", Plugin: "delays", Payload: []byte(`{"x":1}`), Origin: api.Origin{Position: 1 << 60}}, {ID: "b"}, {ID: "c"}}
	w.Waiting = []api.Parked{{ID: "p", Due: time.Unix(1, 0).UTC(), Payload: []byte{255}}}
	w.Figures = api.Stats{Sessions: []api.SessionStats{{Name: "airports", Sessions: 1}}, Uptime: time.Second, Lot: api.LotStats{ByKind: map[string]uint64{"defer": 1}}}
	w.Say("info", "cold")
	w.Say("warn", "hot")
	w.Say("info", "cold again")
	server := serve(t, w, graphql.Options{})
	for _, c := range []struct{ query, want string }{
		{`{sessions{name sessions}}`, `{"sessions":[{"name":"airports","sessions":"1"}]}`},
		{`{session(name:"airports",key:"ORD"){id payload}}`, `{"session":{"id":"2","payload":{"n":2}}}`},
		{`{session(name:"airports",key:"ORD",id:"1"){id payload}}`, `{"session":{"id":"1","payload":{"n":1}}}`},
		{`{snapshots(name:"airports"){items{key id}next}}`, `{"snapshots":{"items":[{"key":"ORD","id":"2"}],"next":""}}`},
		{`{plugins{name revision outputs}}`, `{"plugins":[{"name":"delays","revision":1,"outputs":[]}]}`},
		{`{deadLetters(limit:1){items{id position payload}next}}`, `{"deadLetters":{"items":[{"id":"a","position":"1152921504606846976","payload":{"x":1}}],"next":"1"}}`},
		{`{parked{items{id due payload payloadBase64}}}`, `{"parked":{"items":[{"id":"p","due":"1970-01-01T00:00:01Z","payload":null,"payloadBase64":"/w=="}]}}`},
		{`{stats{uptime lot{byKind nextDue}}}`, `{"stats":{"uptime":"1s","lot":{"byKind":{"defer":1},"nextDue":null}}}`},
		{`mutation{rollback(plugin:"delays",who:"me"){outcome revision took}}`, `{"rollback":{"outcome":"live","revision":1,"took":"1s"}}`},
		{`mutation{swap(plugin:"delays",revision:1,strategy:{kind:"canary",percent:[5,50],hold:"30s"}){outcome revision digest figures{old{memory}}}}`, `{"swap":{"outcome":"live","revision":2,"digest":"sha256:before","figures":null}}`},
		{`mutation{pin(plugin:"delays",who:"me",why:"audit"){pinned{who why at}}}`, `{"pin":{"pinned":{"who":"me","why":"audit","at":null}}}`},
		{`mutation{pin(plugin:"delays",on:false){pinned{who}}}`, `{"pin":{"pinned":null}}`},
		{`mutation{pause(plugin:"delays",park:true){paused{park}rollout{step}}}`, `{"pause":{"paused":{"park":true},"rollout":null}}`},
		{`mutation{resume(plugin:"delays"){name paused{park}}}`, `{"resume":{"name":"delays","paused":null}}`},
		{`mutation{deletePlugin(plugin:"delays",revision:1){revisions artifacts}}`, `{"deletePlugin":{"revisions":1,"artifacts":1}}`},
		{`{diff(plugin:"delays",from:1,to:2){from{number size}to{number}changes{what}config}}`, `{"diff":{"from":{"number":1,"size":"0"},"to":{"number":2},"changes":[],"config":"-a\n+b\n"}}`},
		{`{logs(plugin:"delays",tail:1,level:"warn"){seq level text}}`, `{"logs":[{"seq":"2","level":"warn","text":"hot"}]}`},
		{`mutation{replay(ids:["a"],dryRun:true){replayed skipped{id}}}`, `{"replay":{"replayed":1,"skipped":[]}}`},
		{`mutation{release(ids:["p"])}`, `{"release":1}`},
		{`mutation{drop(filter:{plugin:"delays"})}`, `{"drop":1}`},
	} {
		if answer, body := ask(t, server, http.MethodPost, c.query); answer.StatusCode != http.StatusOK || body != `{"data":`+c.want+`}` {
			t.Errorf("%s: %d %s\nwant %s", c.query, answer.StatusCode, body, c.want)
		}
	}
	if len(w.Letters) != 2 {
		t.Errorf("%d letters are left of 3 with one dropped", len(w.Letters))
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	server := serve(t, w, graphql.Options{Body: 4096, Depth: 4, Complexity: 20})
	const modern = "application/graphql-response+json"
	const wide = "{stats{version time uptime settled paused store{dir bytes maxBytes freeDisk full reason commits records} memory{rss heap goroutines} lot{dead parked}}}"
	for _, c := range []struct {
		name, method, query string
		headers             []string
		status              int
		words               string
	}{
		{"api error", "POST", `{session(name:"airprots",key:"k"){id}}`, nil, 200, `"extensions":{"code":"NOT_FOUND","detail":{"nearest":"airports"}}`},
		{"unknown field", "POST", `{nothing}`, []string{"Accept", modern}, 400, "nothing"},
		{"unknown field, old client", "POST", `{nothing}`, nil, 200, "nothing"},
		{"too deep", "POST", `{__schema{types{fields{type{name}}}}}`, []string{"Accept", modern}, 400, "5 deep"},
		{"too wide", "POST", wide, []string{"Accept", modern}, 400, "at most 20"},
		{"too large", "POST", "{" + strings.Repeat(" ", 5000) + "}", nil, 413, "4096"},
		{"wrong type", "POST", "{stats{version}}", []string{"Content-Type", "text/plain"}, 415, "application/json"},
		{"wrong answer", "POST", "{stats{version}}", []string{"Accept", "text/html"}, 406, "text/html"},
		{"mutation by GET", "GET", `mutation{drop(ids:["a"])}`, nil, 405, "POST"},
		{"subscription by POST", "POST", `subscription{stats{version}}`, nil, 400, "text/event-stream"},
		{"method", "PUT", `{stats{version}}`, nil, 405, "GET or POST"},
		{"query by GET", "GET", `{stats{version}}`, nil, 200, `{"data":{"stats":{"version":""}}}`},
	} {
		answer, body := ask(t, server, c.method, c.query, c.headers...)
		if answer.StatusCode != c.status || !strings.Contains(body, c.words) {
			t.Errorf("%s: %d %s, want %d with %s", c.name, answer.StatusCode, body, c.status, c.words)
		}
	}
}
