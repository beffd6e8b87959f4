package config

// Sink is where messages go to. Exactly one of File and Stdout is set.
type Sink struct {
	From   []string  `yaml:"from" json:"from" jsonschema:"required" jsonschema_description:"What it reads: sources, plugins (their output default), plugin.output."`
	File   *SinkFile `yaml:"file,omitempty" json:"file,omitempty" jsonschema_description:"Write a file, a line a message; nothing repeats after a crash."`
	Stdout *Stdout   `yaml:"stdout,omitempty" json:"stdout,omitempty" jsonschema_description:"Write to standard output, a line a message; no settings: stdout: {}."`
	Buffer Size      `yaml:"buffer" json:"buffer" jsonschema_description:"Bytes that wait for the sink. Default 4MiB."`
}

// SinkFile is a sink that writes a file.
type SinkFile struct {
	Path  string `yaml:"path" json:"path" jsonschema:"required" jsonschema_description:"The file; relative to the config file."`
	OnNew OnNew  `yaml:"on_new" json:"on_new" jsonschema_description:"What to do with a file that has content unknown to the store: append, truncate or fail. Default fail."`
}

// Stdout is a sink that writes to standard output. It has no settings.
type Stdout struct{}

// DefaultSink has its buffer set; From and the place are missing.
func DefaultSink() Sink { return Sink{Buffer: 4 * MiB} }

// DefaultSinkFile refuses a file that it does not know.
func DefaultSinkFile() SinkFile { return SinkFile{OnNew: OnNewFail} }

// Type is file or stdout; empty when neither is set.
func (s Sink) Type() string {
	switch {
	case s.File != nil:
		return "file"
	case s.Stdout != nil:
		return "stdout"
	}
	return ""
}
