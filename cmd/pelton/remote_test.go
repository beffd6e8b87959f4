package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/peltonhq/pelton/internal/certtest"
)

// mint makes a token by the program and gives it with its line of the config.
func mint(t *testing.T, dir string, args ...string) (token, line string) {
	t.Helper()
	r := invoke(t, dir, append([]string{"token", "mint", "--json"}, args...)...)
	var made struct{ Token, Config string }
	if err := json.Unmarshal([]byte(r.out), &made); err != nil || r.code != 0 {
		t.Fatalf("%v: %+v", err, r)
	}
	return made.Token, made.Config
}

// remote is a wheel that strangers may reach: the setup of docs/security.md, with certificates of its own.
type remote struct {
	*wheel

	ca          *certtest.Authority
	ops, reader string // tokens
	key         string // file that signs capability tokens
}

func startRemote(t *testing.T, tls, auth string) *remote {
	t.Helper()
	dir := t.TempDir()
	r := &remote{ca: certtest.New(t, dir, "ca"), key: filepath.Join(dir, "app.key")}
	r.ca.Issue(t, "server", "wheel")
	var ops, reader string
	r.ops, ops = mint(t, dir, "--name", "ops", "--scope", "admin")
	r.reader, reader = mint(t, dir, "--name", "reader", "--scope", "read,follow", "--ttl", "1d")
	public := invoke(t, dir, "token", "key", r.key)
	if public.code != 0 {
		t.Fatalf("%+v", public)
	}
	write(t, dir, "pelton.yaml", counted+fmt.Sprintf(`api:
  tls: {cert_file: server.pem, key_file: server.key%s}
  auth:
    tokens:
      %s
      %s
    capabilities: {keys: [%q]}%s
`, tls, ops, reader, strings.TrimSpace(public.out), auth))
	r.wheel = startWheel(t, dir, "--listen", "0.0.0.0:0", "--grpc", "0.0.0.0:0")
	_, port, _ := strings.Cut(strings.ReplaceAll(r.addr, "[::]", "any"), ":")
	r.addr = "https://127.0.0.1:" + port
	r.wait("settled")
	return r
}

// as runs a command line with a token.
func (r *remote) as(token string, args ...string) result {
	r.t.Helper()
	c := command(r.t.Context(), r.dir, append(args, "--addr", r.addr, "--tls-ca", r.ca.File)...)
	c.Env = append(c.Env, "PELTON_TOKEN="+token)
	return finish(r.t, c)
}

// A wheel on all addresses, with TLS, tokens and capabilities, as docs/security.md shows it.
func TestRemote(t *testing.T) {
	t.Parallel()
	r := startRemote(t, "", "")
	capability := invoke(t, r.dir, "token", "mint", "--key-file", r.key, "--session", "latest/O*", "--ttl", "10m", "--subject", "page")
	first := r.as(r.reader, "session", "list", "latest", "--json")
	if first.code != 0 || !strings.Contains(first.out, `"key"`) {
		t.Fatalf("%+v", first)
	}
	var rows []struct{ Key string }
	if err := json.Unmarshal([]byte(first.out), &rows); err != nil || len(rows) != 2 {
		t.Fatalf("%v: %s", err, first.out)
	}
	key := rows[0].Key
	for _, c := range []struct {
		name, token string
		args        []string
		code        int
		said        string
	}{
		{"a reader reads", r.reader, []string{"session", "show", "latest", key}, 0, ""},
		{"a reader changes nothing", r.reader, []string{"session", "delete", "latest", key}, 3, "token reader may not Delete: the scope operate is missing"},
		{"a reader does not see the log", r.reader, []string{"audit"}, 3, "the scope admin is missing"},
		{"nobody", "", []string{"stats"}, 3, "no token was given"},
		{"a guess", "pelton_guess", []string{"stats"}, 3, "the token is not known"},
		{"a capability for others", strings.TrimSpace(capability.out), []string{"session", "show", "latest", "XXX"}, 3, "of page may not Get session"},
		{"a capability for the whole", strings.TrimSpace(capability.out), []string{"stats"}, 3, "may not Stats: it is for some sessions"},
		{"ops", r.ops, []string{"session", "delete", "latest", key}, 0, ""},
	} {
		if got := r.as(c.token, c.args...); got.code != c.code || !strings.Contains(got.err, c.said) {
			t.Errorf("%s: %+v, want code %d and %q", c.name, got, c.code, c.said)
		}
	}
	if got := r.as(r.ops, "audit", "--json"); got.code != 0 || strings.Count(got.out, `"act":`) != 2 ||
		!strings.Contains(got.out, `"who":"token ops"`) || !strings.Contains(got.out, `"outcome":"refused"`) {
		t.Errorf("audit: %+v", got)
	}
	log, err := os.ReadFile(filepath.Join(r.dir, ".pelton", "audit.jsonl"))
	if err != nil || strings.Count(string(log), "\n") != 2 {
		t.Errorf("audit.jsonl: %s, %v", log, err)
	}
	if e := r.wait("audit"); e.Audit == nil || e.Audit.Who != "token reader" || e.Audit.Outcome != "refused" {
		t.Errorf("event %+v", e.Audit)
	}
	untrusting := invoke(t, r.dir, "stats", "--addr", r.addr, "--token", r.ops)
	if untrusting.code != 3 || !strings.Contains(untrusting.err, "certificate") {
		t.Errorf("without --tls-ca: %+v", untrusting)
	}
	if code := r.stop(syscall.SIGTERM); code != 0 {
		t.Errorf("exit %d: %s", code, r.said.String())
	}
}

// A client without a certificate of the authority gets nothing from a wheel that asks for one; one with it is who it says.
func TestMutual(t *testing.T) {
	t.Parallel()
	r := startRemote(t, ", client_ca_file: ca.pem", "\n    certificates: {backup: {scopes: [read]}}")
	cert, key := r.ca.Issue(t, "backup", "backup")
	if got := r.as(r.ops, "stats"); got.code != 3 || !strings.Contains(got.err, "no wheel answers") {
		t.Errorf("without a certificate: %+v", got)
	}
	if got := r.as("", "stats", "--tls-cert", cert, "--tls-key", key); got.code != 0 {
		t.Errorf("with one: %+v", got)
	}
	if got := r.as("", "audit", "--tls-cert", cert, "--tls-key", key); got.code != 3 || !strings.Contains(got.err, "certificate backup may not Audit") {
		t.Errorf("with one that may not: %+v", got)
	}
}

// A certificate that is replaced is served to the next client, without a restart.
func TestReload(t *testing.T) {
	t.Parallel()
	r := startRemote(t, "", "")
	served := func() string {
		c, err := tls.Dial("tcp", strings.TrimPrefix(r.addr, "https://"), &tls.Config{RootCAs: r.ca.Pool(), MinVersion: tls.VersionTLS12})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	if name := served(); name != "wheel" {
		t.Fatalf("served %q", name)
	}
	r.ca.Issue(t, "server", "renewed")
	for end := time.Now().Add(patience); served() != "renewed"; {
		if time.Now().After(end) {
			t.Fatal("the old certificate is still served")
		}
	}
	if e := r.wait("warning"); !strings.Contains(e.Reason, "certificate has changed") {
		t.Errorf("event %+v", e)
	}
}

// What strangers could reach is refused before anything is opened.
func TestOpenToStrangers(t *testing.T) {
	t.Parallel()
	dir := project(t, counted+"api: {listen: '0.0.0.0:0', grpc: '127.0.0.1:0'}\n")
	if r := invoke(t, dir, "run"); r.code != 2 || !strings.Contains(r.err, "pelton.yaml:7:7: api.listen: \"0.0.0.0:0\" is not a loopback address") {
		t.Errorf("%+v", r)
	}
	if r := invoke(t, dir, "run", "--insecure-bind", "--until-idle"); r.code != 0 {
		t.Errorf("--insecure-bind: %+v", r)
	}
	write(t, dir, "pelton.yaml", counted+"api: {listen: '0.0.0.0:0', tls: {cert_file: a, key_file: b}}\n")
	if r := invoke(t, dir, "run"); r.code != 2 || !strings.Contains(r.err, "everybody who reaches it could change the wheel; give api.auth") {
		t.Errorf("TLS alone: %+v", r)
	}
	if r := invoke(t, dir, "stats", "--addr", "192.0.2.1:7070", "--token", "pelton_x"); r.code != 2 || !strings.Contains(r.err, "is not encrypted, and the token would be sent") {
		t.Errorf("a token in the clear: %+v", r)
	}
}

func TestTokenMint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		said string
	}{
		{[]string{"mint"}, `--name "": a static token needs a name`},
		{[]string{"mint", "--name", "a b"}, "needs a name of letters"},
		{[]string{"mint", "--name", "ci", "--scope", "raed"}, `--scope "raed": want read, follow`},
		{[]string{"mint", "--name", "ci", "--ttl", "5"}, `--ttl "5": want a time with a unit`},
		{[]string{"mint", "--key-file", "none"}, "--session is missing"},
		{[]string{"mint", "--key-file", "none", "--session", "a/b"}, "no such file"},
		{[]string{"mint", "--key-file", "none", "--session", "a/b", "--scope", "admin"}, `--scope "admin": want read, follow, append`},
		{[]string{"mint", "extra"}, `"extra" is one word too many`},
		{[]string{"key"}, "want one FILE"},
	} {
		if r := invoke(t, dir, append([]string{"token"}, c.args...)...); r.code != 2 || !strings.Contains(r.err, c.said) {
			t.Errorf("%v: %+v, want %q", c.args, r, c.said)
		}
	}
	r := invoke(t, dir, "token", "mint", "--name", "web", "--session", "airports/ORD*", "--ttl", "90d")
	token, rest, _ := strings.Cut(r.out, "\n")
	if r.code != 0 || !strings.HasPrefix(token, "pelton_") || !strings.Contains(rest, `web: {hash: "sha256:`) || !strings.Contains(rest, `sessions: ["airports/ORD*"]`) || strings.Contains(rest, token) {
		t.Errorf("%+v", r)
	}
	again := []result{invoke(t, dir, "token", "key", "app.key"), invoke(t, dir, "token", "key", "app.key")}
	if again[0].code != 0 || again[0].out != again[1].out || !strings.HasPrefix(again[0].out, "ed25519:") {
		t.Errorf("the key: %+v", again)
	}
	if info, err := os.Stat(filepath.Join(dir, "app.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("app.key: %v, %v", info, err)
	}
}

// Known secrets stand wherever one can; nothing that the program prints, logs or answers has them.
func TestSecrets(t *testing.T) {
	t.Parallel()
	r := startRemote(t, "", "")
	key, err := os.ReadFile(r.key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := os.ReadFile(filepath.Join(r.dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(key)+string(private), "\n")
	secrets := []string{r.ops, r.reader, "pelton_mistyped-token", "sk-in-the-environment", "hunter2", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9."}
	for _, l := range lines {
		if l != "" && !strings.HasPrefix(l, "-----") {
			secrets = append(secrets, l)
		}
	}
	var all strings.Builder
	keep := func(got result) { all.WriteString(got.out + got.err) }
	for _, token := range []string{r.ops, r.reader, secrets[2], secrets[5]} {
		for _, args := range [][]string{{"stats"}, {"audit"}, {"session", "delete", "latest", "none"}, {"plugin", "list"}, {"stats", "--json"}} {
			keep(r.as(token, args...))
		}
	}
	keep(invoke(t, r.dir, "config", "print"))
	keep(invoke(t, r.dir, "config", "print", "--json"))
	keep(invoke(t, r.dir, "check"))
	keep(invoke(t, r.dir, "stats", "--addr", "127.0.0.1:1", "--token", secrets[2]))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: r.ca.Pool(), MinVersion: tls.VersionTLS12}}}
	defer client.CloseIdleConnections()
	for _, path := range []string{"/v1/stats", "/v1/topology", "/v1/plugins", "/metrics", "/v1/me", "/v1/sessions/latest/x/events?access_token=" + secrets[2]} {
		for _, token := range []string{r.ops, secrets[2], secrets[5]} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.addr+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(path, "access_token") {
				request.Header.Set("Authorization", "Bearer "+token)
			}
			answer, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			all.Write(body)
			fmt.Fprint(&all, answer.Header)
		}
	}
	// Places in a config where somebody may put a secret by mistake: what is wrong is told, the secret is not.
	for _, bad := range []string{
		"api: {auth: {tokens: {ci: {hash: hunter2, scopes: [read]}}}}",
		"api: {auth: {capabilities: {keys: [hunter2]}}}",
		"api: {auth: {oidc: {issuer: 'https://me:hunter2@id.example.com', audience: a, grants: {a: {scopes: [read]}}}}}",
		"api: {auth: {oidc: {issuer: 'https://id.example.com', jwks_url: 'https://me:hunter2@id.example.com', audience: a, grants: {a: {scopes: [read]}}}}}",
		"sinks: {a: {from: [flights], http: {url: 'https://me:hunter2@example.com'}}}",
		"sinks: {a: {from: [flights], http: {url: 'https://example.com', headers: {Authorization: 'Bearer hunter2'}}}}",
		"sinks: {a: {from: [flights], nats: {url: 'nats://me:hunter2@example.com', subject: a}}}",
	} {
		dir := project(t, counted+bad+"\n")
		got := invoke(t, dir, "check")
		if got.code != 2 {
			t.Errorf("%s: %+v", bad, got)
		}
		keep(got)
		keep(invoke(t, dir, "config", "print"))
		keep(invoke(t, dir, "run"))
	}
	// What a plugin is given may hold a secret that came by the environment.
	dir := project(t, strings.Replace(counted, "sessions:", `plugins:
  a: {from: [flights], wasm: {path: a.wasm}, config: {api_key: "${KEY}", list: [{password: "${KEY}"}]}}
  b: {from: [flights], process: {command: [sh, -c, "true"], env: {TOKEN: "${KEY}"}}}
sessions:`, 1))
	for _, args := range [][]string{{"config", "print"}, {"config", "print", "--json"}, {"check"}, {"graph"}} {
		c := command(t.Context(), dir, args...)
		c.Env = append(c.Env, "KEY=sk-in-the-environment")
		keep(finish(t, c))
	}
	for len(r.events) > 0 {
		text, err := json.Marshal(<-r.events)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	r.stop(syscall.SIGTERM)
	all.WriteString(r.said.String())
	log, err := os.ReadFile(filepath.Join(r.dir, ".pelton", "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	all.Write(log)
	for _, s := range secrets {
		if i := strings.Index(all.String(), s); i >= 0 {
			t.Errorf("the secret %q was printed: …%s…", s, all.String()[max(0, i-200):min(all.Len(), i+100)])
		}
	}
}
