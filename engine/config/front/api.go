package front

import (
	"github.com/peltonhq/pelton/engine/config/graphql"
	"github.com/peltonhq/pelton/engine/config/unit"
)

// API says where the wheel listens, and to whom.
type API struct {
	Listen  string         `yaml:"listen" json:"listen" jsonschema_description:"HOST:PORT of HTTP: Connect, SSE, GraphQL, ingest, metrics, console. Port 0 takes a free one. One that is not loopback needs tls, and auth or tls.client_ca_file. Default 127.0.0.1:7070."`
	GRPC    string         `yaml:"grpc" json:"grpc" jsonschema_description:"HOST:PORT of gRPC, with the same tls and auth. Port 0 takes a free one. Default 127.0.0.1:7071."`
	Poll    unit.Duration  `yaml:"poll" json:"poll" jsonschema_description:"How long a long poll of a stream waits before it answers that nothing came. Default 20s."`
	TLS     *ServerTLS     `yaml:"tls,omitempty" json:"tls,omitempty" jsonschema_description:"Encrypt both. Files that change are read again within seconds. Default: none."`
	Auth    *Auth          `yaml:"auth,omitempty" json:"auth,omitempty" jsonschema_description:"Who may do what; docs/security.md tells how. Default: whoever reaches the address may do everything, or with tls.client_ca_file whoever has a certificate."`
	CORS    CORS           `yaml:"cors,omitzero" json:"cors,omitzero" jsonschema_description:"Which pages of other sites may use the API, with a token."`
	Hosts   []string       `yaml:"hosts,omitempty" json:"hosts,omitempty" jsonschema_description:"Names by which a loopback address may be called beside localhost and its numbers, for a proxy that hands the name on."`
	Limits  ClientLimits   `yaml:"limits" json:"limits" jsonschema_description:"What is taken of clients; what is turned away is counted in pelton_api_refused_total."`
	Audit   Audit          `yaml:"audit" json:"audit" jsonschema_description:"The log of who changed what: audit.jsonl in the directory of the store."`
	GraphQL graphql.Bounds `yaml:"graphql" json:"graphql" jsonschema_description:"Limits of the GraphQL endpoint, /graphql; each has a metric."`

	// Insecure allows addresses that are not loopback, without TLS. No file can set it: it is the flag --insecure-bind.
	Insecure bool `yaml:"-" json:"-"`
}

// ServerTLS is the certificate of a listener.
type ServerTLS struct {
	CertFile     string `yaml:"cert_file" json:"cert_file" jsonschema:"required" jsonschema_description:"The certificate, with those between it and its authority, in PEM form; relative to the config file."`
	KeyFile      string `yaml:"key_file" json:"key_file" jsonschema:"required" jsonschema_description:"Its key, in PEM form; relative to the config file."`
	ClientCAFile string `yaml:"client_ca_file,omitempty" json:"client_ca_file,omitempty" jsonschema_description:"The authority whose certificates clients must have, in PEM form; relative to the config file. Default: they need none."`
}

// Files are the paths in it, to be made absolute.
func (t *ServerTLS) Files() []*string {
	if t == nil {
		return nil
	}
	return []*string{&t.CertFile, &t.KeyFile, &t.ClientCAFile}
}

// CORS says which pages of other sites may use the API.
type CORS struct {
	Origins []string `yaml:"origins,omitempty" json:"origins,omitempty" jsonschema_description:"Their origins, for example https://app.example.com. Default: none."`
}

// ClientLimits are what is taken of clients.
type ClientLimits struct {
	Headers           unit.Size     `yaml:"headers" json:"headers" jsonschema_description:"Bytes of a request's headers. Default 64KiB."`
	BodyRate          unit.Size     `yaml:"body_rate" json:"body_rate" jsonschema_description:"Bytes a second that a request's body must bring once ten seconds are over. Default 1KiB."`
	Connections       int           `yaml:"connections" json:"connections" jsonschema_description:"Open connections of each address; the next is closed at once. Default 50000."`
	ConnectionStreams int           `yaml:"connection_streams" json:"connection_streams" jsonschema_description:"Calls at once of one HTTP/2 connection; more wait. Default 4096."`
	Streams           int           `yaml:"streams" json:"streams" jsonschema_description:"Follows and watches at once, over all transports. Default 50000."`
	Stall             unit.Duration `yaml:"stall" json:"stall" jsonschema_description:"How long a client may take nothing of an answer, for example of what it follows, before it is cut off; graphql has its own. Default 30s."`
	AppendMessages    int           `yaml:"append_messages" json:"append_messages" jsonschema_description:"Messages of one append to a stream, as a JSON list. Default 100000."`
	Rate              unit.Rate     `yaml:"rate" json:"rate" jsonschema_description:"Calls a second of one caller, with auth: of a token, certificate or log-in, and of an address for those who have none. Default 5000/s."`
	Burst             int           `yaml:"burst" json:"burst" jsonschema_description:"Calls at once of one caller, with auth. Default 10000."`
	Failures          unit.Rate     `yaml:"failures" json:"failures" jsonschema_description:"Wrong tokens a second of an address before its next ones are not looked at; ten times as many at once. Default 1/s."`
}

// Audit bounds the audit log.
type Audit struct {
	MaxBytes unit.Size `yaml:"max_bytes" json:"max_bytes" jsonschema_description:"Bytes of the file at which it is put aside as audit.old.jsonl and a new one begins. Default 16MiB."`
}

// Default listens on the loopback address, for whoever is on this machine.
func Default() API {
	return API{
		Listen: "127.0.0.1:7070", GRPC: "127.0.0.1:7071", Poll: 20 * unit.Second, Audit: Audit{MaxBytes: 16 * unit.MiB}, GraphQL: graphql.Default(),
		Limits: ClientLimits{
			Headers: 64 * unit.KiB, BodyRate: unit.KiB, Connections: 50_000, ConnectionStreams: 4096, Streams: 50_000, Stall: 30 * unit.Second, AppendMessages: 100_000,
			Rate: 5000, Burst: 10_000, Failures: 1,
		},
	}
}

// Files are the paths in it, to be made absolute.
func (a *API) Files() []*string {
	all := a.TLS.Files()
	if a.Auth != nil && a.Auth.OIDC != nil {
		all = append(all, &a.Auth.OIDC.JWKSFile)
	}
	return all
}
