package config

import (
	"regexp"
	"strings"
)

// NATS is a source that reads a stream of JetStream.
type NATS struct {
	URL           string   `yaml:"url" json:"url" jsonschema:"required" jsonschema_description:"The server, nats:// or tls://HOST:PORT; several are separated by commas. No user or password stands in it: see auth."`
	Stream        string   `yaml:"stream" json:"stream" jsonschema:"required" jsonschema_description:"The stream; it must be there."`
	Durable       string   `yaml:"durable" json:"durable" jsonschema:"required" jsonschema_description:"Name of the consumer that is made and put back; nobody else may use it."`
	Subjects      []string `yaml:"subjects,omitempty" json:"subjects,omitempty" jsonschema_description:"Which messages of the stream are read; wildcards are allowed. Default: all."`
	Deliver       Deliver  `yaml:"deliver" json:"deliver" jsonschema_description:"Where a source that never ran begins. all: at the first message of the stream. new: behind its last. Default all."`
	Key           string   `yaml:"key,omitempty" json:"key,omitempty" jsonschema_description:"What of the subject is the message's key: subject (all of it), or subject.N (its N-th part, from 1). Default: decode.key."`
	MaxAckPending int      `yaml:"max_ack_pending" json:"max_ack_pending" jsonschema_description:"Messages that are read and not settled; at so many the server sends no more. Default 20000."`
	MaxMessages   int      `yaml:"max_messages" json:"max_messages" jsonschema_description:"Messages that are pulled ahead. Default 1000."`
	MaxBytes      Size     `yaml:"max_bytes" json:"max_bytes" jsonschema_description:"Bytes of one pull; about twice as many may wait in memory. Default 4MiB."`
	Auth          NATSAuth `yaml:"auth,omitzero" json:"auth,omitzero" jsonschema_description:"Who we are, in one way. Secrets are in files, which are read again at each connect."`
	TLS           *TLS     `yaml:"tls,omitempty" json:"tls,omitempty" jsonschema_description:"TLS; {} trusts what the system trusts."`
}

// NATSAuth says who we are to a NATS server, in one way or none.
type NATSAuth struct {
	CredentialsFile string `yaml:"credentials_file,omitempty" json:"credentials_file,omitempty" jsonschema_description:"A .creds file: a JWT with its seed."`
	NKeyFile        string `yaml:"nkey_file,omitempty" json:"nkey_file,omitempty" jsonschema_description:"A file with the seed of an NKey."`
	TokenFile       string `yaml:"token_file,omitempty" json:"token_file,omitempty" jsonschema_description:"A file with a token."`
	User            string `yaml:"user,omitempty" json:"user,omitempty" jsonschema_description:"A user; goes with password_file."`
	PasswordFile    string `yaml:"password_file,omitempty" json:"password_file,omitempty" jsonschema_description:"A file with the password of user."`
}

// SinkNATS is a sink that publishes to a NATS server.
type SinkNATS struct {
	URL        string   `yaml:"url" json:"url" jsonschema:"required" jsonschema_description:"The server, nats:// or tls://HOST:PORT; several are separated by commas. No user or password stands in it: see auth."`
	Subject    string   `yaml:"subject" json:"subject" jsonschema:"required" jsonschema_description:"Where messages go; {key} stands for their key, for example late.{key}."`
	Stream     string   `yaml:"stream,omitempty" json:"stream,omitempty" jsonschema_description:"The stream that must take them. Default: whichever does."`
	Mode       NATSMode `yaml:"mode" json:"mode" jsonschema_description:"jetstream: a stream stores each message and says so. core: the server has it, and who does not listen misses it. Default jetstream."`
	MaxPending int      `yaml:"max_pending" json:"max_pending" jsonschema_description:"Messages that are published and not acknowledged yet. Default 1024."`
	AckTimeout Duration `yaml:"ack_timeout" json:"ack_timeout" jsonschema_description:"How long an acknowledgement may take before messages are published again. Default 5s."`
	Auth       NATSAuth `yaml:"auth,omitzero" json:"auth,omitzero" jsonschema_description:"Who we are, in one way. Secrets are in files, which are read again at each connect."`
	TLS        *TLS     `yaml:"tls,omitempty" json:"tls,omitempty" jsonschema_description:"TLS; {} trusts what the system trusts."`
}

// DefaultNATS has its limits set; URL, Stream and Durable are missing.
func DefaultNATS() NATS {
	return NATS{Deliver: DeliverAll, MaxAckPending: 20_000, MaxMessages: 1000, MaxBytes: 4 * MiB}
}

// DefaultSinkNATS has its limits set; URL and Subject are missing.
func DefaultSinkNATS() SinkNATS {
	return SinkNATS{Mode: NATSJetStream, MaxPending: 1024, AckTimeout: 5 * Second}
}

var (
	streamName  = regexp.MustCompile(`^[^\s.*>/\\]+$`) // what the server allows
	subjectName = regexp.MustCompile(`^([^\s.*>]+|\*)(\.([^\s.*>]+|\*))*(\.>)?$|^>$`)
	subjectKey  = regexp.MustCompile(`^subject(\.[1-9][0-9]{0,2})?$`)
)

func (n NATS) validate(p *problems, path string, decode Decode) {
	address(p, path+".url", n.URL)
	n.Auth.validate(p, path+".auth")
	n.TLS.validate(p, path+".tls")
	streamOf(p, path+".stream", n.Stream, "give the stream that is read")
	streamOf(p, path+".durable", n.Durable, "give the consumer a name that nobody else uses, for example durable: pelton")
	for i, s := range n.Subjects {
		if !subjectName.MatchString(s) {
			p.addf(path+".subjects["+itoa(i)+"]", "%q is not a subject; want parts with dots between, for example orders.*.created or orders.>", s)
		}
	}
	p.oneOf(path+".deliver", string(n.Deliver), string(DeliverAll), string(DeliverNew))
	if n.Key != "" && !subjectKey.MatchString(n.Key) {
		p.addf(path+".key", "%q is not known; want subject, or subject.N for its N-th part", n.Key)
	} else if n.Key != "" && decode.Key != "" {
		p.addf(path+".key", "decode.key names a key, too; give only one")
	}
	p.between(path+".max_ack_pending", n.MaxAckPending, 1, 1_000_000)
	p.between(path+".max_messages", n.MaxMessages, 1, 100_000)
	p.least(path+".max_bytes", n.MaxBytes, 64*KiB)
	if n.MaxBytes > 32*MiB && !p.failed(path+".max_bytes") {
		p.addf(path+".max_bytes", "%s is too large; a server ends connections with 64MiB under way, so want at most 32MiB", n.MaxBytes)
	}
	if decode.Format == "csv" && !p.failed(path) {
		p.addf(path, "messages of a stream come one by one and have no header line, which csv needs; want decode.format json or raw")
	}
}

func (n SinkNATS) validate(p *problems, path string) {
	address(p, path+".url", n.URL)
	n.Auth.validate(p, path+".auth")
	n.TLS.validate(p, path+".tls")
	plain := strings.ReplaceAll(n.Subject, "{key}", "k")
	switch {
	case n.Subject == "":
		p.missing(path+".subject", "give the subject, for example late.{key}")
	case !subjectName.MatchString(plain) || strings.ContainsAny(plain, "*>{}"):
		p.addf(path+".subject", "%q can't be published to; want parts with dots between and no wildcards, for example late.{key}", n.Subject)
	}
	p.oneOf(path+".mode", string(n.Mode), string(NATSJetStream), string(NATSCore))
	if n.Stream != "" {
		streamOf(p, path+".stream", n.Stream, "")
	}
	if n.Mode == NATSCore && n.Stream != "" {
		p.addf(path+".stream", "mode core stores nothing in a stream; leave one of the two out")
	}
	p.between(path+".max_pending", n.MaxPending, 1, 100_000)
	p.least(path+".ack_timeout", n.AckTimeout, 100*Millisecond)
}

func streamOf(p *problems, path, name, what string) {
	switch {
	case name == "":
		p.missing(path, what)
	case !streamName.MatchString(name):
		p.addf(path, "%q is not allowed; want no space, dot, slash, * or >", name)
	}
}

// address checks the servers of a URL. What is in a URL is printed and logged, so a secret in it is refused.
func address(p *problems, path, url string) {
	if url == "" {
		p.missing(path, "give the server, for example nats://127.0.0.1:4222")
		return
	}
	for one := range strings.SplitSeq(url, ",") {
		scheme, rest, found := strings.Cut(strings.TrimSpace(one), "://")
		switch {
		case strings.Contains(one, "@"):
			p.addf(path, "has a user in it; name the user in auth, and a file with the secret")
		case found && scheme != "nats" && scheme != "tls":
			p.addf(path, "%q begins with %s://; want nats:// or tls://", one, scheme)
		case !found && one == "" || found && rest == "":
			p.addf(path, "%q names no server; want for example nats://127.0.0.1:4222", one)
		}
	}
}

func (a NATSAuth) validate(p *problems, path string) {
	var ways []string
	for _, w := range []struct{ name, value string }{
		{"credentials_file", a.CredentialsFile}, {"nkey_file", a.NKeyFile}, {"token_file", a.TokenFile}, {"user", a.User},
	} {
		if w.value != "" {
			ways = append(ways, w.name)
		}
	}
	switch {
	case p.failed(path):
	case len(ways) > 1:
		p.addf(path, "has %s; give only one", strings.Join(ways, " and "))
	case a.User != "" && a.PasswordFile == "":
		p.addf(path+".user", "goes with password_file; give both")
	case a.User == "" && a.PasswordFile != "":
		p.addf(path+".password_file", "goes with user; give both")
	}
}

func (a *NATSAuth) files() []*string {
	return []*string{&a.CredentialsFile, &a.NKeyFile, &a.TokenFile, &a.PasswordFile}
}
