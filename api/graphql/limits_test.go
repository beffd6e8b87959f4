package graphql_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/graphql"
	"github.com/peltonhq/pelton/store/memory"
)

const modern = "application/graphql-response+json"

// post sends a body as it is.
func post(t *testing.T, server *httptest.Server, body string) (*http.Response, string) {
	t.Helper()
	return send(t, server, http.MethodPost, server.URL, body)
}

// Whatever is refused is counted by the name of its limit, and told with what to do.
func TestRefused(t *testing.T) {
	t.Parallel()
	ids := func(n int) string { return `["` + strings.Repeat(`x","`, n-1) + `x"]` }
	var bomb strings.Builder
	bomb.WriteString("{...a0}")
	for i := range 20 {
		fmt.Fprintf(&bomb, " fragment a%d on Query{...a%d ...a%d}", i, i+1, i+1)
	}
	bomb.WriteString(" fragment a20 on Query{stats{version}}")
	for _, c := range []struct {
		name, method, query string
		headers             []string
		status              int
		words               string
		limit               string // that counts it
	}{
		{"api error", "POST", `{session(name:"airprots",key:"k"){id}}`, nil, 200, `"extensions":{"code":"NOT_FOUND","detail":{"nearest":"airports"}}`, ""},
		{"unknown field", "POST", `{nothing}`, []string{"Accept", modern}, 400, "nothing", ""},
		{"unknown field, old client", "POST", `{nothing}`, nil, 200, "nothing", ""},
		{"too deep", "POST", `{stats{sources{lanes{lane}}}__schema{types{fields{type{name}}}}}`, []string{"Accept", modern}, 400, "api.graphql.depth", "depth"},
		{"too wide", "POST", "{stats{version uptime settled paused time store{dir bytes maxBytes freeDisk full reason commits records} memory{rss heap goroutines} lot{dead parked}}}", []string{"Accept", modern}, 400, "api.graphql.complexity", "complexity"},
		{"large pages", "POST", `{deadLetters(first:5){edges{node{id state kind}}}}`, []string{"Accept", modern}, 400, "26 fields", "complexity"},
		{"default page", "POST", `{deadLetters{edges{cursor node{id state kind}}}}`, []string{"Accept", modern}, 400, "smaller pages", "complexity"},
		{"page too large", "POST", `{sessions(name:"airports",first:9){pageInfo{hasNextPage}}}`, nil, 200, "api.graphql.items", "items"},
		{"no page", "POST", `{sessions(name:"airports",first:0){pageInfo{hasNextPage}}}`, nil, 200, "want 1 to 5", ""},
		{"no cursor", "POST", `{sessions(name:"airports",first:1,after:"!"){pageInfo{hasNextPage}}}`, nil, 200, "no cursor of this list", ""},
		{"no cursor", "POST", `{history(plugin:"delays",first:1,after:"x"){pageInfo{hasNextPage}}}`, nil, 200, "no cursor of this list", ""},
		{"many ids", "POST", `mutation{drop(ids:` + ids(6) + `)}`, nil, 200, "api.graphql.items", "items"},
		{"many ids to release", "POST", `mutation{release(ids:` + ids(6) + `)}`, nil, 200, "api.graphql.items", "items"},
		{"aliases", "POST", `{a:stats{version}b:stats{version}c:stats{version}d:stats{version}}`, []string{"Accept", modern}, 400, "api.graphql.aliases", "aliases"},
		{"repeated fields", "POST", `{stats{version version}...{stats{time}} ...on Query{stats{uptime stats:time}}}`, []string{"Accept", modern}, 400, "4 aliases", "aliases"},
		{"aliases in a fragment", "POST", `{...f ...f} fragment f on Query{a:stats{b:version}}`, []string{"Accept", modern}, 400, "4 aliases", "aliases"},
		{"tokens", "POST", "{stats{" + strings.Repeat("version ", 400) + "}}", []string{"Accept", modern}, 400, "api.graphql.tokens", "tokens"},
		{"fragments of fragments", "POST", bomb.String(), []string{"Accept", modern}, 400, "api.graphql.complexity", "complexity"},
		{"a fragment in itself", "POST", "{...a} fragment a on Query{...a}", []string{"Accept", modern}, 400, "Cannot spread fragment", ""},
		{"too large", "POST", "{" + strings.Repeat(" ", 5000) + "}", nil, 413, "4096", "body"},
		{"wrong type", "POST", "{stats{version}}", []string{"Content-Type", "text/plain"}, 415, "application/json", ""},
		{"wrong answer", "POST", "{stats{version}}", []string{"Accept", "text/html"}, 406, "text/html", ""},
		{"mutation by GET", "GET", `mutation{drop(ids:["a"])}`, nil, 405, "POST", ""},
		{"subscription by POST", "POST", `subscription{stats{version}}`, nil, 400, "text/event-stream", ""},
		{"method", "PUT", `{stats{version}}`, nil, 405, "GET or POST", ""},
		{"number out of range", "POST", `{session(name:"airports",key:"k",id:18446744073709551616){id}}`, nil, 200, "18446744073709551616 at 1:", ""},
		{"fraction out of range", "POST", `query A($x:Uint64=1e999){session(name:"airports",key:"k",id:$x){id}}`, nil, 200, "1e999 at 1:", ""},
		{"number out of range in a list", "POST", `{a:__typename@include(if:[{x:99999999999999999999}])}`, nil, 200, "99999999999999999999 at 1:", ""},
		{"no payload", "POST", `mutation{append(name:"airports",key:"k"){id}}`, nil, 200, "no payload was given", ""},
		{"two payloads", "POST", `mutation{append(name:"airports",key:"k",payload:1,payloadBase64:""){id}}`, nil, 200, "want one of them", ""},
		{"bad base64", "POST", `mutation{append(name:"airports",key:"k",payloadBase64:"!"){id}}`, nil, 200, "payloadBase64", ""},
		{"the wheel's session", "POST", `mutation{append(name:"wheel",key:"k",payload:1){id}}`, nil, 200, "FAILED_PRECONDITION", ""},
		{"query by GET", "GET", `{stats{version}}`, nil, 200, `{"data":{"stats":{"version":""}}}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := apitest.New(t, memory.New())
			server := serve(t, w, graphql.Options{Limits: graphql.Limits{Body: 4096, Depth: 4, Complexity: 20, Aliases: 3, Tokens: 300, Items: 5}})
			answer, body := ask(t, server, c.method, c.query, c.headers...)
			if answer.StatusCode != c.status || !strings.Contains(body, c.words) {
				t.Errorf("%d %s, want %d with %s", answer.StatusCode, body, c.status, c.words)
			}
			want := map[string]uint64{}
			if c.limit != "" {
				want[c.limit] = 1
			}
			if got := w.Service.GraphQL.Stats().Refused; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("counted %v, want %v", got, want)
			}
		})
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	server := serve(t, w, graphql.Options{})
	answer, body := post(t, server, `[{"query":"{stats{version}}"},{"query":"{stats{version}}"}]`)
	if answer.StatusCode != http.StatusBadRequest || !strings.Contains(body, "batches") || w.Service.GraphQL.Stats().Refused["batch"] != 1 {
		t.Errorf("%d %s, counted %v", answer.StatusCode, body, w.Service.GraphQL.Stats())
	}
	if answer, body = post(t, server, `{"query":["{stats{version}}"]}`); answer.StatusCode != http.StatusBadRequest || strings.Contains(body, "batches") {
		t.Errorf("a query that is a list: %d %s", answer.StatusCode, body)
	}
}

// The default limits take what tools ask for.
func TestIntrospection(t *testing.T) {
	t.Parallel()
	const query = `query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind } subscriptionType { name kind }
  types { ...FullType } directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
fragment FullType on __Type { kind name description isOneOf
  fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
  inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }`
	w := apitest.New(t, memory.New())
	answer, body := ask(t, serve(t, w, graphql.Options{}), http.MethodPost, query, "Accept", modern)
	if answer.StatusCode != http.StatusOK || !strings.Contains(body, "SessionConnection") || strings.Contains(body, `"errors":[`) {
		t.Fatalf("%d %.300s", answer.StatusCode, body)
	}
	undescribed(t, []byte(body))

	closed := serve(t, w, graphql.Options{Limits: graphql.Limits{Closed: true}})
	for _, q := range []string{query, `{__type(name:"Query"){name}}`, `query A{...f} fragment f on Query{__type(name:"Query"){name}}`} {
		answer, body = ask(t, closed, http.MethodPost, q, "Accept", modern)
		if answer.StatusCode != http.StatusBadRequest || !strings.Contains(body, "api.graphql.introspection") || !strings.Contains(body, "FORBIDDEN") {
			t.Errorf("closed: %d %.300s", answer.StatusCode, body)
		}
	}
	if answer, body = ask(t, closed, http.MethodPost, `{__typename stats{version}}`); answer.StatusCode != http.StatusOK || !strings.Contains(body, `"__typename":"Query"`) {
		t.Errorf("closed, but __typename is no secret: %d %s", answer.StatusCode, body)
	}
}

// undescribed complains of types, fields and values of the schema without a description.
func undescribed(t *testing.T, body []byte) {
	t.Helper()
	type named struct{ Name, Description string }
	var answer struct {
		Data struct {
			Schema struct {
				Types []struct {
					named

					Fields, InputFields, EnumValues []named
				}
			} `json:"__schema"`
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Data.Schema.Types) < 50 {
		t.Errorf("only %d types", len(answer.Data.Schema.Types))
	}
	for _, typ := range answer.Data.Schema.Types {
		if typ.Description == "" {
			t.Errorf("the type %s has no description", typ.Name)
		}
		for _, list := range [][]named{typ.Fields, typ.InputFields, typ.EnumValues} {
			for _, member := range list {
				if member.Description == "" && !strings.HasPrefix(typ.Name, "__") {
					t.Errorf("%s.%s has no description", typ.Name, member.Name)
				}
			}
		}
	}
}

// Each edge's cursor is a place to go on from, whatever the page size; the empty key is one like any other.
func TestPages(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	keys := []string{"", "a", "b/ü", "c", "d\x00"}
	for _, key := range keys {
		w.Add(t, "airports", key, 1)
	}
	server := serve(t, w, graphql.Options{})
	for size := 1; size <= len(keys)+1; size++ {
		var got []string
		after := ""
		for more := true; more; {
			var answer struct {
				Data struct {
					Sessions struct {
						Edges []struct {
							Cursor string
							Node   struct{ Key string }
						}
						PageInfo struct {
							HasNextPage bool
							EndCursor   string
						}
					}
				}
			}
			query := fmt.Sprintf(`{sessions(name:"airports",first:%d,after:%q){edges{cursor node{key}}pageInfo{hasNextPage endCursor}}}`, size, after)
			_, body := ask(t, server, http.MethodPost, query)
			if err := json.Unmarshal([]byte(body), &answer); err != nil || strings.Contains(body, "errors") {
				t.Fatalf("%s: %v", body, err)
			}
			s := answer.Data.Sessions
			if len(s.Edges) > size || len(got) > len(keys) {
				t.Fatalf("a page of %d, all so far %q", len(s.Edges), got)
			}
			for _, e := range s.Edges {
				got = append(got, e.Node.Key)
			}
			if len(s.Edges) > 0 && s.PageInfo.EndCursor != s.Edges[len(s.Edges)-1].Cursor {
				t.Errorf("endCursor %q is not that of the last edge, %q", s.PageInfo.EndCursor, s.Edges[len(s.Edges)-1].Cursor)
			}
			more, after = s.PageInfo.HasNextPage && len(s.Edges) > 0, s.PageInfo.EndCursor
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", keys) {
			t.Errorf("in pages of %d: %q, want %q", size, got, keys)
		}
	}
}
