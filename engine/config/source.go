package config

// Source is where messages come from. Exactly one of its kinds is set.
type Source struct {
	File   *File  `yaml:"file,omitempty" json:"file,omitempty" jsonschema_description:"Read a file, or all that match a pattern; gzip and zstd are recognised by their content."`
	Demo   *Demo  `yaml:"demo,omitempty" json:"demo,omitempty" jsonschema_description:"Make up flights, in JSON: seq, date, delay, distance, origin, destination."`
	Kafka  *Kafka `yaml:"kafka,omitempty" json:"kafka,omitempty" jsonschema_description:"Read topics of a Kafka cluster, as a member of a consumer group."`
	NATS   *NATS  `yaml:"nats,omitempty" json:"nats,omitempty" jsonschema_description:"Read a stream of NATS JetStream."`
	HTTP   *HTTP  `yaml:"http,omitempty" json:"http,omitempty" jsonschema_description:"Take messages posted to /v1/sources/NAME."`
	Stdin  *Stdin `yaml:"stdin,omitempty" json:"stdin,omitempty" jsonschema_description:"Read standard input to its end, through the ingest queue; no settings: stdin: {}."`
	MQTT   *MQTT  `yaml:"mqtt,omitempty" json:"mqtt,omitempty" jsonschema_description:"Take what MQTT clients publish, with QoS 0 or 1: MQTT 3.1.1 and 5."`
	Decode Decode `yaml:"decode" json:"decode" jsonschema_description:"How bytes become messages."`
}

// File is a source that reads a file.
type File struct {
	Path       string   `yaml:"path" json:"path" jsonschema:"required" jsonschema_description:"The file, or a pattern with * ? or [a-z] for all that match, each a lane of its own; relative to the config file."`
	Follow     bool     `yaml:"follow" json:"follow" jsonschema_description:"Go on reading what is appended; the source is then endless. Of a pattern, also files that come. Default false."`
	RotateWait Duration `yaml:"rotate_wait" json:"rotate_wait" jsonschema_description:"How long a followed file that lost its name (rename, then a new file) is read on when nothing is added any more. Default 5s."`
	Lanes      int      `yaml:"lanes" json:"lanes" jsonschema_description:"Of a pattern, how many files are read at a time, as far as arena.size has room for four times arena.max_message of each; others wait until one is done or has had nothing for 2s. Default 8."`
	Rate       Rate     `yaml:"rate,omitempty" json:"rate,omitempty" jsonschema_description:"At most so many messages a second, minute or hour, for example 2000/s. Default: as fast as they are taken."`
}

// HTTP is a source that is posted to.
type HTTP struct {
	Headers []string `yaml:"headers,omitempty" json:"headers,omitempty" jsonschema_description:"Headers of a request that its messages keep, beside traceparent, tracestate and those that begin with X-Pelton-. Default: none."`
}

// Stdin is a source that reads standard input. It has no settings.
type Stdin struct{}

// Demo is a source that generates messages, the same for the same seed.
type Demo struct {
	Count uint64 `yaml:"count,omitempty" json:"count,omitempty" jsonschema_description:"How many; 0 is endless. Default 0."`
	Size  Size   `yaml:"size" json:"size" jsonschema_description:"Bytes of padding in each message, in its field pad. Default 0B: no such field."`
	Keys  int    `yaml:"keys" json:"keys" jsonschema_description:"How many different airports (field origin). Default 24."`
	Seed  uint64 `yaml:"seed" json:"seed" jsonschema_description:"What the messages are made from. Default 1."`
	Rate  Rate   `yaml:"rate,omitempty" json:"rate,omitempty" jsonschema_description:"At most so many messages a second, minute or hour, for example 200/s. Default: as fast as they are taken."`
}

// Decode says how bytes become messages. Its words are those of package decode.
type Decode struct {
	Format  string   `yaml:"format" json:"format" jsonschema:"enum=json,enum=csv,enum=raw" jsonschema_description:"How a message is read: json, csv or raw. Default raw."`
	Framing string   `yaml:"framing,omitempty" json:"framing,omitempty" jsonschema:"enum=lines,enum=length,enum=raw,enum=csv" jsonschema_description:"How the input is cut into messages: lines, length (4 bytes big-endian before each), raw (all is one) or csv. Default: lines, or csv for csv."`
	Key     string   `yaml:"key,omitempty" json:"key,omitempty" jsonschema_description:"The field that is the message's key. Default: none."`
	Fields  []string `yaml:"fields,omitempty" json:"fields,omitempty" jsonschema_description:"Fields that plugins read; they are located once."`
	Time    Time     `yaml:"time,omitzero" json:"time,omitzero" jsonschema_description:"The field that is the message's time: NAME (RFC 3339), or {field, layout, zone}. Default: the time of arrival."`
}

// Time says where a message's own time is. In a file, a name alone means {field: NAME}.
type Time struct {
	Field  string `yaml:"field" json:"field" jsonschema:"required" jsonschema_description:"The field."`
	Layout string `yaml:"layout,omitempty" json:"layout,omitempty" jsonschema_description:"Its layout in Go's notation, for example 2006/01/02 15:04. Default: RFC 3339."`
	Zone   string `yaml:"zone,omitempty" json:"zone,omitempty" jsonschema_description:"Time zone of a layout without one, for example UTC or Europe/Zurich. Default UTC."`
}

// IsZero reports whether the time of arrival is meant.
func (t Time) IsZero() bool { return t == Time{} }

// DefaultFile reads once.
func DefaultFile() File { return File{RotateWait: 5 * Second, Lanes: 8} }

// DefaultDemo is an endless source of small messages.
func DefaultDemo() Demo { return Demo{Keys: 24, Seed: 1} }

// DefaultSource decodes raw lines.
func DefaultSource() Source { return Source{Decode: Decode{Format: "raw"}} }

// Type is the kind of source, as its key is called; empty when none is set.
func (s Source) Type() string {
	switch {
	case s.File != nil:
		return "file"
	case s.HTTP != nil:
		return "http"
	case s.Demo != nil:
		return "demo"
	case s.Kafka != nil:
		return "kafka"
	case s.NATS != nil:
		return "nats"
	case s.Stdin != nil:
		return "stdin"
	case s.MQTT != nil:
		return "mqtt"
	}
	return ""
}

// Endless reports whether the source never ends by itself, so that --until-idle can't be used.
func (s Source) Endless() bool {
	switch {
	case s.File != nil:
		return s.File.Follow
	case s.Demo != nil:
		return s.Demo.Count == 0
	case s.Stdin != nil:
		return false
	}
	return true
}

// Queued reports whether the messages go through the durable ingest queue.
func (s Source) Queued() bool { return s.HTTP != nil || s.Stdin != nil || s.MQTT != nil }
