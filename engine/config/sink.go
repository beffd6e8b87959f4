package config

// Sink is where messages go to. Exactly one of File, Stdout, Kafka and NATS is set.
type Sink struct {
	From   []string   `yaml:"from" json:"from" jsonschema:"required" jsonschema_description:"What it reads: sources, plugins (their output default), plugin.output."`
	File   *SinkFile  `yaml:"file,omitempty" json:"file,omitempty" jsonschema_description:"Write a file, a line a message; nothing repeats after a crash."`
	Stdout *Stdout    `yaml:"stdout,omitempty" json:"stdout,omitempty" jsonschema_description:"Write to standard output, a line a message; no settings: stdout: {}."`
	Kafka  *SinkKafka `yaml:"kafka,omitempty" json:"kafka,omitempty" jsonschema_description:"Write a topic of a Kafka cluster, with the effect's id as header pelton-effect."`
	NATS   *SinkNATS  `yaml:"nats,omitempty" json:"nats,omitempty" jsonschema_description:"Publish to a NATS server, a message each."`
	Buffer Size       `yaml:"buffer" json:"buffer" jsonschema_description:"Bytes that wait for the sink. Default 4MiB."`
}

// SinkFile is a sink that writes a file.
type SinkFile struct {
	Path   string  `yaml:"path" json:"path" jsonschema:"required" jsonschema_description:"The file; relative to the config file."`
	OnNew  OnNew   `yaml:"on_new" json:"on_new" jsonschema_description:"What to do with a file that has content unknown to the store: append, truncate or fail. Default fail."`
	Rotate *Rotate `yaml:"rotate,omitempty" json:"rotate,omitempty" jsonschema_description:"When the file is put aside, as NAME-000001.EXT, and a new one is begun. Default: never."`
}

// Rotate says when a file is put aside. At least one of Size and Age is above 0.
type Rotate struct {
	Size Size     `yaml:"size" json:"size" jsonschema_description:"Bytes that a file has at most, but for a single write that has more; 0B is no limit. Default 0B."`
	Age  Duration `yaml:"age" json:"age" jsonschema_description:"Time since the first line of a file, looked at when the next one comes; 0s is no limit. Default 0s."`
	Keep int      `yaml:"keep" json:"keep" jsonschema_description:"How many files that were put aside stay; the oldest is removed once the new one is durable. 0 keeps all. Default 0."`
}

// Stdout is a sink that writes to standard output. It has no settings.
type Stdout struct{}

// DefaultSink has its buffer set; From and the place are missing.
func DefaultSink() Sink { return Sink{Buffer: 4 * MiB} }

// DefaultSinkFile refuses a file that it does not know.
func DefaultSinkFile() SinkFile { return SinkFile{OnNew: OnNewFail} }

// Type is file, stdout, kafka or nats; empty when none is set.
func (s Sink) Type() string {
	switch {
	case s.File != nil:
		return "file"
	case s.Stdout != nil:
		return "stdout"
	case s.Kafka != nil:
		return "kafka"
	case s.NATS != nil:
		return "nats"
	}
	return ""
}
