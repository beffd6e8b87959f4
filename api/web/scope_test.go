package web_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/auth"
	_ "github.com/peltonhq/pelton/api/gen/pelton/v1" // registers its services
	"github.com/peltonhq/pelton/api/meter"
	"github.com/peltonhq/pelton/api/web"
	"github.com/peltonhq/pelton/store/memory"
)

// fort is a world with a guard, served over HTTP, and tokens for it.
type fort struct {
	*apitest.World

	server *httptest.Server
	meter  *meter.Door
	tokens map[string]string
}

// fortify builds a world whose callers need a token. Each grant makes one.
func fortify(t *testing.T, o web.Options, g api.Guard, grants map[string]api.Grant) *fort {
	t.Helper()
	f := &fort{tokens: map[string]string{}, meter: new(meter.Door)}
	a := auth.Options{Tokens: map[string]auth.Token{}, Meter: f.meter, Failures: 1000}
	for name, grant := range grants {
		token := auth.NewToken()
		f.tokens[name] = token
		a.Tokens[name] = auth.Token{Hash: auth.Hash(token), Grant: grant}
	}
	gate, err := auth.New(a)
	if err != nil {
		t.Fatal(err)
	}
	g.On, g.Meter = true, f.meter
	o.Gate, o.Meter = gate, f.meter
	f.World = apitest.Guarded(t, memory.New(), g)
	if o.Console == nil {
		o.Console = http.NotFoundHandler()
	}
	f.server = httptest.NewUnstartedServer(web.NewHandler(f.Service, o))
	f.server.Config = web.NewServer(f.server.Config.Handler, o)
	f.server.Start()
	t.Cleanup(f.server.Close)
	return f
}

// as sends a request with the token of a name; the empty name sends none.
func (f *fort) as(t *testing.T, name, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	if name != "" {
		headers = append(headers, "Authorization", "Bearer "+f.tokens[name])
	}
	return do(t, f.server, method, path, body, headers...)
}

var everything = map[string]api.Grant{"none": {Scopes: []api.Scope{"nothing"}}, "admin": {Scopes: []api.Scope{api.ScopeAdmin}}}

// Every call of pelton.v1 has a scope: a caller with none is refused, a caller without a name is not even heard. A new call
// fails here until its method of api.Service is in the table of scopes and asks for it.
func TestEveryCallHasAScope(t *testing.T) {
	t.Parallel()
	f := fortify(t, web.Options{}, api.Guard{}, everything)
	count := 0
	protoregistry.GlobalFiles.RangeFilesByPackage("pelton.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				m := service.Methods().Get(j)
				count++
				path := fmt.Sprintf("/%s/%s", service.FullName(), m.Name())
				for name, want := range map[string]string{"": `"unauthenticated"`, "none": `"permission_denied"`} {
					if got := f.call(t, name, path, m.IsStreamingClient() || m.IsStreamingServer()); !strings.Contains(got, want) {
						t.Errorf("%s as %q: %s, want %s: has its method of api.Service a scope?", path, name, got, want)
					}
				}
			}
		}
		return true
	})
	if count < 25 {
		t.Errorf("only %d calls were found", count)
	}
}

// call makes a call over Connect with an empty message and gives the answer.
func (f *fort) call(t *testing.T, name, path string, streams bool) string {
	t.Helper()
	media, body := "application/json", "{}"
	if streams {
		media = "application/connect+json"
		envelope := binary.BigEndian.AppendUint32([]byte{0}, 2)
		body = string(envelope) + "{}"
	}
	_, text := f.as(t, name, http.MethodPost, path, body, "Content-Type", media, "Connect-Protocol-Version", "1")
	return text
}

// Every field of GraphQL's query, mutation and subscription has a scope.
func TestEveryFieldHasAScope(t *testing.T) {
	t.Parallel()
	f := fortify(t, web.Options{}, api.Guard{}, everything)
	schema := introspect(t, f)
	count := 0
	for kind, root := range map[string]*ast.Definition{"query": schema.Query, "mutation": schema.Mutation, "subscription": schema.Subscription} {
		for _, field := range root.Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			count++
			operation := fmt.Sprintf("%s { %s }", kind, sample(schema, field))
			for name, want := range map[string]string{"": "UNAUTHENTICATED", "none": "FORBIDDEN"} {
				if got := f.operation(t, name, operation, kind == "subscription"); !strings.Contains(got, `"`+want+`"`) {
					t.Errorf("%s as %q: %s, want %s", operation, name, got, want)
				}
			}
		}
	}
	if count < 15 {
		t.Errorf("only %d fields were found", count)
	}
	if got := f.operation(t, "none", "{ __schema { types { name } } }", false); !strings.Contains(got, "FORBIDDEN") {
		t.Errorf("introspection: %s", got)
	}
	if got := f.operation(t, "none", "{ ...a } fragment a on Query { ... { __type(name: \"Stats\") { name } } }", false); !strings.Contains(got, "FORBIDDEN") {
		t.Errorf("introspection by a fragment: %s", got)
	}
}

func (f *fort) operation(t *testing.T, name, operation string, streams bool) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": operation})
	if err != nil {
		t.Fatal(err)
	}
	accept := "application/json"
	if streams {
		accept = "text/event-stream"
	}
	_, text := f.as(t, name, http.MethodPost, "/graphql", string(body), "Content-Type", "application/json", "Accept", accept)
	return text
}

// introspect asks the server for its schema, so that the test knows what is served and not what a file says.
func introspect(t *testing.T, f *fort) *ast.Schema {
	t.Helper()
	text := f.operation(t, "admin", `{ __schema { queryType { name } mutationType { name } subscriptionType { name } types {
		kind name enumValues { name } inputFields { name type { ...t } }
		fields { name type { ...t } args { name type { ...t } } } } } }
		fragment t on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`, false)
	var answer struct {
		Data struct {
			Schema struct {
				Types []struct {
					Kind, Name string
					EnumValues []struct{ Name string }
					InputFields,
					Fields []struct {
						Name string
						Type kindOf
						Args []struct {
							Name string
							Type kindOf
						}
					}
				}
			} `json:"__schema"`
		}
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var sdl bytes.Buffer
	for _, d := range answer.Data.Schema.Types {
		if strings.HasPrefix(d.Name, "__") || slices.Contains([]string{"String", "Int", "Float", "Boolean", "ID"}, d.Name) {
			continue
		}
		switch d.Kind {
		case "SCALAR":
			fmt.Fprintf(&sdl, "scalar %s\n", d.Name)
		case "ENUM":
			fmt.Fprintf(&sdl, "enum %s { %s }\n", d.Name, d.EnumValues[0].Name)
		case "UNION":
			fmt.Fprintf(&sdl, "union %s = Stats\n", d.Name)
		case "INPUT_OBJECT":
			fmt.Fprintf(&sdl, "input %s {\n", d.Name)
			for _, field := range d.InputFields {
				fmt.Fprintf(&sdl, "  %s: %s\n", field.Name, field.Type)
			}
			sdl.WriteString("}\n")
		default:
			fmt.Fprintf(&sdl, "type %s {\n", d.Name)
			for _, field := range d.Fields {
				args := ""
				for _, arg := range field.Args {
					args += fmt.Sprintf("%s: %s ", arg.Name, arg.Type)
				}
				if args != "" {
					args = "(" + args + ")"
				}
				fmt.Fprintf(&sdl, "  %s%s: %s\n", field.Name, args, field.Type)
			}
			sdl.WriteString("}\n")
		}
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: sdl.String()})
	if err != nil {
		t.Fatalf("%v\n%s", err, sdl.String())
	}
	return schema
}

// kindOf is a type of the introspection.
type kindOf struct {
	Kind, Name string
	OfType     *kindOf
}

func (k kindOf) String() string {
	switch k.Kind {
	case "NON_NULL":
		return k.OfType.String() + "!"
	case "LIST":
		return "[" + k.OfType.String() + "]"
	}
	return k.Name
}

// sample is a field with some value for each argument that must be there, and with __typename below it.
func sample(schema *ast.Schema, field *ast.FieldDefinition) string {
	var args []string
	for _, arg := range field.Arguments {
		if arg.Type.NonNull || arg.Name == "payload" { // a payload comes in one of two ways, of which the schema can't say that one must be there
			args = append(args, arg.Name+": "+value(schema, arg.Type))
		}
	}
	text := field.Name
	if len(args) > 0 {
		text += "(" + strings.Join(args, ", ") + ")"
	}
	if d := schema.Types[field.Type.Name()]; d.IsCompositeType() {
		text += " { __typename }"
	}
	return text
}

func value(schema *ast.Schema, t *ast.Type) string {
	if t.Elem != nil {
		return "[" + value(schema, t.Elem) + "]"
	}
	switch d := schema.Types[t.NamedType]; {
	case d.Kind == ast.Enum:
		return d.EnumValues[0].Name
	case d.Kind == ast.InputObject:
		var fields []string
		for _, f := range d.Fields {
			if f.Type.NonNull {
				fields = append(fields, f.Name+": "+value(schema, f.Type))
			}
		}
		return "{" + strings.Join(fields, ", ") + "}"
	case d.Name == "Int", d.Name == "Float":
		return "1"
	case d.Name == "Boolean":
		return "true"
	case d.Name == "Duration":
		return `"1s"`
	}
	return `"1"`
}

// public are the routes for everybody, and why.
var public = map[string]string{
	"GET /livez": "a probe, without data", "GET /readyz": "a probe, without data",
	"/":           "the console's files, which are the same for everybody",
	"/v1/":        "there is nothing",
	"GET /login":  "a form",
	"POST /login": "looks at the token itself", "POST /logout": "ends the caller's own log-in",
	"GET /v1/me":       "tells the caller who it is",
	"GET /graphql/ide": "a page without data",
}

// recorder notes routes.
type recorder struct{ patterns []string }

func (r *recorder) Handle(pattern string, _ http.Handler) { r.patterns = append(r.patterns, pattern) }

func (r *recorder) HandleFunc(pattern string, _ func(http.ResponseWriter, *http.Request)) {
	r.patterns = append(r.patterns, pattern)
}

// Every route of the HTTP listener refuses strangers and callers without a scope, or is for everybody for a reason.
func TestEveryRouteHasAScope(t *testing.T) {
	t.Parallel()
	f := fortify(t, web.Options{}, api.Guard{}, everything)
	var all recorder
	web.Mount(&all, f.Service, web.Options{Console: http.NotFoundHandler()})
	if len(all.patterns) < 40 {
		t.Errorf("only %d routes were found", len(all.patterns))
	}
	left := map[string]bool{}
	for pattern := range public {
		left[pattern] = true
	}
	for _, pattern := range all.patterns {
		if _, ok := public[pattern]; ok {
			delete(left, pattern)
			continue
		}
		method, path, found := strings.Cut(pattern, " ")
		if !found {
			method, path = http.MethodPost, pattern
		}
		if strings.HasPrefix(path, "/pelton.v1.") || path == "/graphql" {
			continue // call by call, above
		}
		path = strings.NewReplacer("{name}", "airports", "{key}", "ORD").Replace(path)
		path = strings.Replace(path, "/sources/airports", "/sources/orders", 1)
		for name, want := range map[string]int{"": http.StatusUnauthorized, "none": http.StatusForbidden} {
			answer, body := f.as(t, name, method, path, "x")
			if strings.HasSuffix(path, "/events") { // EventSource would hide every other status
				code := map[string]string{"": "UNAUTHENTICATED", "none": "PERMISSION_DENIED"}[name]
				if answer.StatusCode != http.StatusOK || !strings.Contains(body, "event: error\ndata: {\"code\":\""+code) {
					t.Errorf("%s as %q: %d %s", pattern, name, answer.StatusCode, body)
				}
				continue
			}
			if answer.StatusCode != want {
				t.Errorf("%s as %q: %d %s, want %d", pattern, name, answer.StatusCode, body, want)
			}
			if challenge := answer.Header.Get("WWW-Authenticate"); (name == "") != (challenge != "") {
				t.Errorf("%s as %q: WWW-Authenticate %q", pattern, name, challenge)
			}
		}
	}
	for pattern := range left {
		t.Errorf("%s is for everybody, and not there", pattern)
	}
}

// Whoever has every scope is let in everywhere.
func TestAdminIsLetIn(t *testing.T) {
	t.Parallel()
	f := fortify(t, web.Options{}, api.Guard{}, everything)
	for _, path := range []string{"/v1/stats", "/v1/sessions", "/metrics"} {
		if answer, body := f.as(t, "admin", http.MethodGet, path, ""); answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", path, answer.StatusCode, body)
		}
	}
	if answer, _ := f.as(t, "", http.MethodPost, "/pelton.v1.WheelService/ListAudit", "{}", "Content-Type", "application/json"); answer.StatusCode != http.StatusUnauthorized || answer.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("a call of nobody: %d, %v", answer.StatusCode, answer.Header)
	}
	if got := f.call(t, "admin", "/pelton.v1.WheelService/ListAudit", false); got != "{}" {
		t.Errorf("audit: %s", got)
	}
	if answer, body := f.as(t, "admin", http.MethodPost, "/v1/sources/orders", "x"); answer.StatusCode != http.StatusAccepted {
		t.Errorf("publish: %d %s", answer.StatusCode, body)
	}
}
