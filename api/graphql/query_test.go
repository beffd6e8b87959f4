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

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/delta"
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
	return send(t, server, method, at, string(body), headers...)
}

// send sends a body as it is; headers are pairs of a name and a value.
func send(t *testing.T, server *httptest.Server, method, at, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, at, strings.NewReader(body))
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

const digest = api.DigestPrefix + "5694d08a2e53ffcae0c3103e5ad6f6076abd960eb1f8a56577040bc1028f702b"

func TestOperations(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	w.Add(t, "airports", "ORD", 2)
	w.ListOf = []api.Plugin{{Name: "delays", Revision: 1}}
	w.Letters = []api.DeadLetter{{ID: "a", Plugin: "delays", Payload: []byte(`{"x":1}`), Origin: api.Origin{Position: 1 << 60}}, {ID: "b"}, {ID: "c"}}
	w.Waiting = []api.Parked{{ID: "p", Due: time.Unix(1, 0).UTC(), Payload: []byte{255}}}
	w.Artifacts[digest] = []byte("code")
	w.Figures = api.Stats{Sessions: []api.SessionStats{{Name: "airports", Sessions: 1}}, Uptime: time.Second, Lot: api.LotStats{ByKind: map[string]uint64{"defer": 1}}, Config: delta.Stats{Outcomes: map[string]uint64{"applied": 2}}}
	w.Say("info", "cold")
	w.Say("warn", "hot")
	w.Say("info", "cold again")
	server := serve(t, w, graphql.Options{})
	for _, c := range []struct{ query, want string }{
		{`{sessionNames{name sessions}}`, `{"sessionNames":[{"name":"airports","sessions":"1"}]}`},
		{`mutation{applyConfig(config:"x",planOnly:true){hash changes{op kind name effect fields{path old new}}drained}}`, `{"applyConfig":{"hash":"sha256:plan","changes":[{"op":"change","kind":"plugin","name":"delays","effect":"swap","fields":[{"path":"config.late_after","old":"15","new":"30"}]}],"drained":["flights"]}}`},
		{`mutation{applyConfig(config:"sources"){warnings}}`, `{"applyConfig":{"warnings":[]}}`},
		{`{config{text hash file}stats{config{hash outcomes last error}}}`, `{"config":{"text":"sources","hash":"sha256:running","file":"pelton.yaml"},"stats":{"config":{"hash":"","outcomes":{"applied":2},"last":null,"error":""}}}`},
		{`{session(name:"airports",key:"ORD"){id payload}}`, `{"session":{"id":"2","payload":{"n":2}}}`},
		{`{session(name:"airports",key:"ORD",id:"1"){id payload}}`, `{"session":{"id":"1","payload":{"n":1}}}`},
		{`{sessions(name:"airports"){edges{cursor node{key id snapshot{payload}}}pageInfo{hasNextPage hasPreviousPage startCursor endCursor}}}`, `{"sessions":{"edges":[{"cursor":"a09SRA","node":{"key":"ORD","id":"2","snapshot":{"payload":{"n":2}}}}],"pageInfo":{"hasNextPage":false,"hasPreviousPage":false,"startCursor":"a09SRA","endCursor":"a09SRA"}}}`},
		{`{plugins{name revision outputs}}`, `{"plugins":[{"name":"delays","revision":1,"outputs":[]}]}`},
		{`{deadLetters(first:1){edges{cursor node{id position payload}}pageInfo{hasNextPage endCursor}}}`, `{"deadLetters":{"edges":[{"cursor":"1","node":{"id":"a","position":"1152921504606846976","payload":{"x":1}}}],"pageInfo":{"hasNextPage":true,"endCursor":"1"}}}`},
		{`{deadLetters(first:2,after:"1"){edges{node{id}}pageInfo{hasNextPage hasPreviousPage}}}`, `{"deadLetters":{"edges":[{"node":{"id":"b"}},{"node":{"id":"c"}}],"pageInfo":{"hasNextPage":false,"hasPreviousPage":true}}}`},
		{`{parked{edges{node{id due payload payloadBase64}}}}`, `{"parked":{"edges":[{"node":{"id":"p","due":"1970-01-01T00:00:01Z","payload":null,"payloadBase64":"/w=="}}]}}`},
		{`{parkedDelivery(id:"p"){id}}`, `{"parkedDelivery":{"id":"p"}}`},
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
		{`{history(plugin:"delays",first:1){edges{cursor node{number source}}pageInfo{hasNextPage}}}`, `{"history":{"edges":[{"cursor":"1","node":{"number":1,"source":"rollback"}}],"pageInfo":{"hasNextPage":true}}}`},
		{`mutation{swap(plugin:"delays",digest:"` + digest + `",why:"test"){outcome revision}}`, `{"swap":{"outcome":"live","revision":3}}`},
		{`{history(plugin:"delays",after:"2"){edges{node{number source why}}}}`, `{"history":{"edges":[{"node":{"number":3,"source":"swap","why":"test"}}]}}`},
		{`mutation{append(name:"airports",key:"ATL",payload:{n:[1,"x"]},id:"one"){id payload}}`, `{"append":{"id":"1","payload":{"n":[1,"x"]}}}`},
		{`mutation{append(name:"airports",key:"ATL",payloadBase64:"/w==",contentType:"image/png"){id payloadBase64}}`, `{"append":{"id":"2","payloadBase64":"/w=="}}`},
		{`mutation{deleteSession(name:"airports",key:"ATL")}`, `{"deleteSession":"ATL"}`},
		{`mutation{settle(token:"d/1",decision:ACK,emits:[{payload:{a:1}}])}`, `{"settle":"d/1"}`},
		{`mutation{extend(token:"d/1",lease:"5s")}`, `{"extend":"d/1"}`},
		{`mutation{dropParked(ids:["p"],dryRun:true)}`, `{"dropParked":1}`},
		{`mutation{replay(ids:["a"],dryRun:true){replayed skipped{id}}}`, `{"replay":{"replayed":1,"skipped":[]}}`},
		{`mutation{release(ids:["p"])}`, `{"release":1}`},
		{`mutation{drop(filter:{plugin:"delays"})}`, `{"drop":1}`},
	} {
		if answer, body := ask(t, server, http.MethodPost, c.query); answer.StatusCode != http.StatusOK || body != `{"data":`+c.want+`}` {
			t.Errorf("%s: %d %s\nwant %s", c.query, answer.StatusCode, body, c.want)
		}
	}
	if w.Settled["d/1"].Decision != pelton.DecisionAck || w.Leases["d/1"] != 5*time.Second || len(w.Emits) != 1 || string(w.Emits[0].Payload) != `{"a":1}` {
		t.Errorf("settled %v, leases %v, emits %v", w.Settled, w.Leases, w.Emits)
	}
	if len(w.Letters) != 2 {
		t.Errorf("%d letters are left of 3 with one dropped", len(w.Letters))
	}
}
