package graphql_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/graphql"
	"github.com/peltonhq/pelton/store/memory"
)

const page = "../../docs/graphql.md"

// blocks are the code blocks of the page: their language and text.
func blocks(t *testing.T) (all [][2]string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range strings.Split(string(text), "```") {
		if i%2 == 1 {
			lang, body, _ := strings.Cut(part, "\n")
			all = append(all, [2]string{lang, body})
		}
	}
	return all
}

// Each operation on the page gets the answers that stand behind it.
func TestDocs(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	epoch := fmt.Sprint(w.Add(t, "airports", "ORD", 3).Epoch)
	w.Add(t, "airports", "ATL", 1)
	w.ListOf = []api.Plugin{{Name: "delays"}}
	w.Revisions = []api.Revision{{Number: 1, Outcome: api.OutcomeLive, Source: "config", Live: true}}
	w.Letters = []api.DeadLetter{{ID: "d1", Kind: api.DeadDelivery, Plugin: "delays", Payload: []byte(`{"x":1}`), Failure: api.Failure{Attempts: 5, Reason: "no delay"}}}
	w.Figures.Sessions = []api.SessionStats{{Name: "airports", Sessions: 2}}
	server := serve(t, w, graphql.Options{})
	ran := 0
	all := blocks(t)
	for i := range all {
		if all[i][0] != "graphql" {
			continue
		}
		if i+1 == len(all) || all[i+1][0] != "json" {
			t.Errorf("no answer stands behind %s", all[i][1])
			continue
		}
		ran++
		want := json.NewDecoder(strings.NewReader(strings.ReplaceAll(all[i+1][1], "EPOCH", epoch)))
		var answers io.Reader
		if strings.HasPrefix(all[i][1], "subscription") {
			answers = streamed(t, server.URL, all[i][1])
		} else {
			_, body := ask(t, server, http.MethodPost, all[i][1])
			answers = strings.NewReader(body)
		}
		got := json.NewDecoder(answers)
		for want.More() {
			var a, b any
			if err := want.Decode(&a); err != nil {
				t.Fatalf("%s: %v", all[i+1][1], err)
			}
			if err := got.Decode(&b); err != nil || !reflect.DeepEqual(a, b) {
				t.Errorf("%s\ngot  %v, error %v\nwant %v", all[i][1], b, err, a)
			}
		}
	}
	if ran < 7 {
		t.Errorf("only %d operations are on the page", ran)
	}
}

// streamed gives the answers of a subscription, one a line, until the test ends.
func streamed(t *testing.T, url, query string) io.Reader {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "text/event-stream")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	out, in := io.Pipe()
	t.Cleanup(func() {
		answer.Body.Close()
		out.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	go func() {
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if _, err := io.WriteString(in, data+"\n"); err != nil {
					return
				}
			}
		}
	}()
	return out
}
