package config

import (
	"net"
	"regexp"
	"strconv"
)

// Kafka is a source that reads topics as a member of a consumer group.
type Kafka struct {
	Brokers []string   `yaml:"brokers" json:"brokers" jsonschema:"required" jsonschema_description:"HOST:PORT of one or more brokers; they name the others."`
	Topics  []string   `yaml:"topics" json:"topics" jsonschema:"required" jsonschema_description:"The topics; each partition is a lane."`
	Group   string     `yaml:"group" json:"group" jsonschema:"required" jsonschema_description:"The consumer group: wheels with the same group share the partitions."`
	Start   KafkaStart `yaml:"start" json:"start" jsonschema_description:"Where a group that has read nothing begins: earliest or latest. Default earliest."`
	Fetch   KafkaFetch `yaml:"fetch" json:"fetch" jsonschema_description:"How much is on its way from the brokers."`
	Commit  Duration   `yaml:"commit" json:"commit" jsonschema_description:"How often the group is told what is settled. Default 1s."`
	Drain   Duration   `yaml:"drain" json:"drain" jsonschema_description:"How long a partition that goes to another member may finish what is being handled; what is not done then is handled there again. Default 10s."`
	TLS     *TLS       `yaml:"tls,omitempty" json:"tls,omitempty" jsonschema_description:"Encrypt the connections; {} trusts what the system trusts."`
	SASL    *SASL      `yaml:"sasl,omitempty" json:"sasl,omitempty" jsonschema_description:"Log in to the brokers."`
}

// KafkaFetch bounds what is on its way from the brokers.
type KafkaFetch struct {
	MaxBytes       Size     `yaml:"max_bytes" json:"max_bytes" jsonschema_description:"Bytes of one response of a broker, as compressed there. Default 8MiB."`
	PartitionBytes Size     `yaml:"partition_bytes" json:"partition_bytes" jsonschema_description:"Bytes of one partition in a response, as compressed there; a larger batch comes alone. Default 1MiB."`
	Buffer         Size     `yaml:"buffer" json:"buffer" jsonschema_description:"Bytes of all messages that wait for their lanes; a lane that has its share of it is paused. Default 32MiB."`
	BatchBytes     Size     `yaml:"batch_bytes" json:"batch_bytes" jsonschema_description:"Bytes that one batch may be decompressed to; a larger one stops its partition, with a warning, until this is raised. Default 64MiB."`
	Wait           Duration `yaml:"wait" json:"wait" jsonschema_description:"How long a broker may wait for something to send. Default 500ms."`
}

// KafkaStart says where a group begins that has read nothing.
type KafkaStart string

// The values of [KafkaStart].
const (
	KafkaEarliest KafkaStart = "earliest"
	KafkaLatest   KafkaStart = "latest"
)

// SinkKafka is a sink that writes a topic.
type SinkKafka struct {
	Brokers     []string         `yaml:"brokers" json:"brokers" jsonschema:"required" jsonschema_description:"HOST:PORT of one or more brokers; they name the others."`
	Topic       string           `yaml:"topic" json:"topic" jsonschema:"required" jsonschema_description:"The topic. It must be there: the sink waits for it, and does not make it."`
	Compression KafkaCompression `yaml:"compression" json:"compression" jsonschema_description:"How batches are compressed: none, gzip, snappy, lz4 or zstd. Default snappy."`
	MaxMessage  Size             `yaml:"max_message" json:"max_message" jsonschema_description:"Bytes of one message with its key and headers; a larger one becomes a dead letter. The brokers have a limit too (max.message.bytes). Default 1MB."`
	Timeout     Duration         `yaml:"timeout" json:"timeout" jsonschema_description:"How long one attempt to write may take. Default 30s."`
	TLS         *TLS             `yaml:"tls,omitempty" json:"tls,omitempty" jsonschema_description:"Encrypt the connections; {} trusts what the system trusts."`
	SASL        *SASL            `yaml:"sasl,omitempty" json:"sasl,omitempty" jsonschema_description:"Log in to the brokers."`
}

// KafkaCompression says how batches are compressed.
type KafkaCompression string

// The values of [KafkaCompression].
const (
	KafkaNone   KafkaCompression = "none"
	KafkaGzip   KafkaCompression = "gzip"
	KafkaSnappy KafkaCompression = "snappy"
	KafkaLZ4    KafkaCompression = "lz4"
	KafkaZstd   KafkaCompression = "zstd"
)

// SASL is a log-in with a password.
type SASL struct {
	Mechanism    SASLMechanism `yaml:"mechanism" json:"mechanism" jsonschema:"required" jsonschema_description:"plain, scram-sha-256 or scram-sha-512."`
	User         string        `yaml:"user" json:"user" jsonschema:"required" jsonschema_description:"The user."`
	PasswordFile string        `yaml:"password_file" json:"password_file" jsonschema:"required" jsonschema_description:"A file whose first line is the password; relative to the config file."`
}

// SASLMechanism is a way to log in.
type SASLMechanism string

// The values of [SASLMechanism].
const (
	SASLPlain       SASLMechanism = "plain"
	SASLScramSHA256 SASLMechanism = "scram-sha-256"
	SASLScramSHA512 SASLMechanism = "scram-sha-512"
)

// DefaultKafka begins at the start; brokers, topics and group are missing.
func DefaultKafka() Kafka {
	return Kafka{
		Start: KafkaEarliest, Commit: Second, Drain: 10 * Second,
		Fetch: KafkaFetch{MaxBytes: 8 * MiB, PartitionBytes: MiB, Buffer: 32 * MiB, BatchBytes: 64 * MiB, Wait: 500 * Millisecond},
	}
}

// DefaultSinkKafka compresses with snappy; brokers and topic are missing.
func DefaultSinkKafka() SinkKafka {
	return SinkKafka{Compression: KafkaSnappy, MaxMessage: 1_000_000, Timeout: 30 * Second}
}

// topic is what Kafka lets a topic be called.
var topic = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

func (k *Kafka) validate(p *problems, path string, d Decode) {
	brokers(p, path, k.Brokers)
	if len(k.Topics) == 0 {
		p.missing(path+".topics", "name one or more topics")
	}
	seen := map[string]bool{}
	for i, t := range k.Topics {
		at := path + ".topics[" + itoa(i) + "]"
		kafkaTopic(p, at, t)
		if seen[t] {
			p.addf(at, "%q is there twice", t)
		}
		seen[t] = true
	}
	if k.Group == "" {
		p.missing(path+".group", "name the consumer group; wheels with the same one share the partitions")
	}
	p.oneOf(path+".start", string(k.Start), string(KafkaEarliest), string(KafkaLatest))
	p.least(path+".fetch.max_bytes", k.Fetch.MaxBytes, 64*KiB)
	p.least(path+".fetch.partition_bytes", k.Fetch.PartitionBytes, KiB)
	if f := k.Fetch; !p.failed(path+".fetch") && f.PartitionBytes > f.MaxBytes {
		p.addf(path+".fetch.partition_bytes", "%s is more than max_bytes (%s)", f.PartitionBytes, f.MaxBytes)
	}
	if k.Fetch.MaxBytes > GiB {
		p.addf(path+".fetch.max_bytes", "%s is too large; want at most 1GiB", k.Fetch.MaxBytes)
	}
	p.least(path+".fetch.buffer", k.Fetch.Buffer, MiB)
	p.least(path+".fetch.batch_bytes", k.Fetch.BatchBytes, MiB)
	if k.Fetch.BatchBytes > GiB {
		p.addf(path+".fetch.batch_bytes", "%s is too large; want at most 1GiB", k.Fetch.BatchBytes)
	}
	p.least(path+".fetch.wait", k.Fetch.Wait, Millisecond)
	p.least(path+".commit", k.Commit, 10*Millisecond)
	p.least(path+".drain", k.Drain, 100*Millisecond)
	k.TLS.validate(p, path+".tls")
	k.SASL.validate(p, path+".sasl")
	if d.Format == "csv" {
		p.addf(path, "its messages come one by one, and csv has a header; want decode.format json or raw")
	}
	if d.Framing != "" {
		p.addf(path, "its messages are framed already; leave decode.framing out")
	}
}

func (k *SinkKafka) validate(p *problems, path string) {
	brokers(p, path, k.Brokers)
	if k.Topic == "" {
		p.missing(path+".topic", "name the topic")
	} else {
		kafkaTopic(p, path+".topic", k.Topic)
	}
	p.oneOf(path+".compression", string(k.Compression), string(KafkaNone), string(KafkaGzip), string(KafkaSnappy), string(KafkaLZ4), string(KafkaZstd))
	p.least(path+".max_message", k.MaxMessage, KiB)
	if k.MaxMessage > GiB {
		p.addf(path+".max_message", "%s is too large; want at most 1GiB", k.MaxMessage)
	}
	p.least(path+".timeout", k.Timeout, Second)
	k.TLS.validate(p, path+".tls")
	k.SASL.validate(p, path+".sasl")
}

func kafkaTopic(p *problems, path, name string) {
	if !topic.MatchString(name) || name == "." || name == ".." {
		p.addf(path, "%q is no name of a topic; want up to 249 of a-z A-Z 0-9 . _ -", name)
	}
}

func brokers(p *problems, path string, all []string) {
	if len(all) == 0 {
		p.missing(path+".brokers", `give a list, for example ["127.0.0.1:9092"]`)
	}
	for i, b := range all {
		if p.failed(path + ".brokers[" + itoa(i) + "]") {
			continue
		}
		host, port, err := net.SplitHostPort(b)
		if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" {
			p.addf(path+".brokers["+itoa(i)+"]", "%q is not an address; want HOST:PORT, for example \"127.0.0.1:9092\"", b)
		}
	}
}

func (s *SASL) validate(p *problems, path string) {
	if s == nil {
		return
	}
	if s.Mechanism == "" {
		p.missing(path+".mechanism", "want plain, scram-sha-256 or scram-sha-512")
	} else {
		p.oneOf(path+".mechanism", string(s.Mechanism), string(SASLPlain), string(SASLScramSHA256), string(SASLScramSHA512))
	}
	if s.User == "" {
		p.missing(path+".user", "give the user")
	}
	if s.PasswordFile == "" {
		p.missing(path+".password_file", "give a file whose first line is the password")
	}
}

func (s *SASL) files() []*string {
	if s == nil {
		return nil
	}
	return []*string{&s.PasswordFile}
}
