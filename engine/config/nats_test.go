package config

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const natsFull = `sources:
  orders:
    nats:
      url: tls://a:4222,tls://b:4222
      stream: ORDERS
      durable: pelton
      subjects: [orders.eu.>, "orders.*.paid"]
      deliver: new
      key: subject.2
      max_ack_pending: 500
      max_messages: 64
      max_bytes: 2MiB
      auth: {user: us, password_file: secret/password}
      tls: {ca_file: ca.pem, cert_file: /etc/cert.pem, key_file: key.pem}
sinks:
  late:
    from: [orders]
    nats: {url: "nats://a:4222", subject: "late.{key}.x", stream: LATE, max_pending: 7, ack_timeout: 1s, auth: {credentials_file: late.creds}}
`

func TestNATS(t *testing.T) {
	t.Parallel()
	c, err := Parse([]byte(natsFull), "c.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	n, s := c.Sources["orders"].NATS, c.Sinks["late"].NATS
	here := func(name string) string { return filepath.Join(c.Dir, name) }
	if n.Auth.PasswordFile != here("secret/password") || n.TLS.CAFile != here("ca.pem") || n.TLS.CertFile != "/etc/cert.pem" || s.Auth.CredentialsFile != here("late.creds") {
		t.Errorf("paths are not relative to the file: %+v %+v %+v", n.Auth, n.TLS, s.Auth)
	}
	if n.MaxBytes != 2*MiB || n.Deliver != DeliverNew || s.Mode != NATSJetStream || !c.Sources["orders"].Endless() || c.Sinks["late"].Type() != "nats" {
		t.Errorf("%+v %+v", n, s)
	}
	text, err := c.Print()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(text, "c.yaml", nil)
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	if !reflect.DeepEqual(again.Sources, c.Sources) || !reflect.DeepEqual(again.Sinks, c.Sinks) {
		t.Errorf("printed and read again: %+v", again)
	}
	if err := valid(t, compiled(t), natsFull); err != nil {
		t.Errorf("the schema refuses it: %v", err)
	}
}

func TestNATSBad(t *testing.T) {
	t.Parallel()
	source := func(keys string) string {
		return "sources: {a: {nats: {url: 'nats://h:1', stream: S, durable: d" + keys + "}}}"
	}
	sink := func(keys string) string {
		return "sources: {a: {http: {}}}\nsinks: {b: {from: [a], nats: {url: 'nats://h:1'" + keys + "}}}"
	}
	for name, row := range map[string]struct{ yaml, want string }{
		"nothing":        {"sources: {a: {nats: {}}}", "sources.a.nats.url: is missing; give the server"},
		"no url":         {"sources: {a: {nats: {stream: S, durable: d}}}", "sources.a.nats.url: is missing; give the server, for example nats://127.0.0.1:4222"},
		"no stream":      {"sources: {a: {nats: {url: h, durable: d}}}", "sources.a.nats.stream: is missing"},
		"secret in url":  {strings.Replace(source(""), "h:1", "me:hush@h:1", 1), "sources.a.nats.url: has a user in it; name the user in auth, and a file with the secret"},
		"scheme":         {strings.Replace(source(""), "nats://", "http://", 1), `"http://h:1" begins with http://; want nats:// or tls://`},
		"empty server":   {strings.Replace(source(""), "nats://h:1", "nats://h:1,", 1), "names no server"},
		"stream name":    {strings.Replace(source(""), "stream: S", "stream: a.b", 1), `sources.a.nats.stream: "a.b" is not allowed; want no space, dot, slash, * or >`},
		"subject":        {source(", subjects: ['a..b']"), `sources.a.nats.subjects[0]: "a..b" is not a subject`},
		"deliver":        {source(", deliver: last"), `sources.a.nats.deliver: unknown value "last"; known are all, new`},
		"key":            {source(", key: subject.0"), `sources.a.nats.key: "subject.0" is not known; want subject, or subject.N`},
		"two keys":       {strings.Replace(source(", key: subject"), "}}}", "}, decode: {format: json, key: k}}}", 1), "sources.a.nats.key: decode.key names a key, too; give only one"},
		"csv":            {strings.Replace(source(""), "}}}", "}, decode: {format: csv}}}", 1), "have no header line, which csv needs"},
		"bytes":          {source(", max_bytes: 64MiB"), "so want at most 32MiB"},
		"pending":        {source(", max_ack_pending: 0"), "sources.a.nats.max_ack_pending: 0 is out of range; want 1 to 1000000"},
		"two ways":       {source(", auth: {token_file: x, user: u, password_file: y}"), "sources.a.nats.auth: has token_file and user; give only one"},
		"password alone": {source(", auth: {password_file: y}"), "goes with user; give both"},
		"user alone":     {source(", auth: {user: y}"), "goes with password_file; give both"},
		"plain password": {source(", auth: {user: y, password: z}"), `sources.a.nats.auth.password: unknown key; known are credentials_file, nkey_file, token_file, user, password_file`},
		"half a pair":    {source(", tls: {cert_file: x}"), "sources.a.nats.tls: cert_file and key_file go together; give both or none"},
		"no subject":     {sink(""), "sinks.b.nats.subject: is missing; give the subject"},
		"wildcard":       {sink(", subject: 'a.*'"), `sinks.b.nats.subject: "a.*" can't be published to`},
		"placeholder":    {sink(", subject: 'a.{kye}'"), `sinks.b.nats.subject: "a.{kye}" can't be published to`},
		"mode":           {sink(", subject: a, mode: js"), `sinks.b.nats.mode: unknown value "js"; known are jetstream, core`},
		"core stream":    {sink(", subject: a, mode: core, stream: S"), "mode core stores nothing in a stream; leave one of the two out"},
		"timeout":        {sink(", subject: a, ack_timeout: 1ms"), "sinks.b.nats.ack_timeout: 1ms is too short"},
		"two sinks":      {strings.Replace(sink(", subject: a"), "from", "stdout: {}, from", 1), "has nats and stdout; give only one"},
	} {
		_, err := Parse([]byte(row.yaml), "c.yaml", nil)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v\nwant %s", name, err, row.want)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: the error tells a secret: %v", name, err)
		}
	}
}
