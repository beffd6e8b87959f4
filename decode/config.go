package decode

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Format says how a frame is read.
type Format string

// The formats. Empty means Raw.
const (
	JSON Format = "json"
	CSV  Format = "csv"
	Raw  Format = "raw"
)

// Framing says how a stream is cut into frames.
type Framing string

// The framings. Empty means the format's own: Lines for JSON and Raw, Records for CSV.
const (
	Lines   Framing = "lines"  // up to a newline; "\r\n" too; empty lines are skipped
	Length  Framing = "length" // 4 bytes big-endian, then so many bytes
	Whole   Framing = "raw"    // the whole input is one frame
	Records Framing = "csv"    // RFC 4180 records behind a header; a quoted field may hold newlines
)

// DefaultMaxMessage is used for a MaxMessage of 0.
const DefaultMaxMessage = 1 << 20

// MaxFields is how many names Fields may have.
const MaxFields = 64

// Config is the decode section of a source. The zero value takes lines as they are.
type Config struct {
	Format  Format
	Framing Framing
	// Key names the field that is the message's key: a top-level name of JSON, a path ("user.id"), a column of CSV. Of a
	// string it takes the text, of a number or bool the text as it stands; a message where it is missing, null, an
	// object or an array has no key.
	Key string
	// Fields names what is located once for all plugins; named as Key is.
	Fields []string
	Time   TimeConfig
	// MaxMessage is the largest payload in bytes; a larger frame is Bad. 0 means DefaultMaxMessage.
	MaxMessage int64
}

// TimeConfig says where the message's own time is. Without Field it is the arrival time.
type TimeConfig struct {
	Field  string
	Layout string // of package time, for example "2006/01/02 15:04"; empty means RFC 3339
	Zone   string // IANA name for a layout without an offset; empty means UTC
}

// Validate tells what is wrong in the words of the configuration file.
func (c Config) Validate() error {
	if !slices.Contains([]Format{"", JSON, CSV, Raw}, c.Format) {
		return fmt.Errorf("decode.format %q: want json, csv or raw", c.Format)
	}
	if !slices.Contains([]Framing{"", Lines, Length, Whole, Records}, c.Framing) {
		return fmt.Errorf("decode.framing %q: want lines, length, raw or csv", c.Framing)
	}
	if (c.format() == CSV) != (c.framing() == Records) {
		return fmt.Errorf("decode.framing %q does not go with decode.format %q: csv is the framing of format csv and of no other; leave framing out",
			c.framing(), c.format())
	}
	if c.MaxMessage < 0 {
		return fmt.Errorf("max_message %d: want a positive size", c.MaxMessage)
	}
	if c.MaxMessage > 1<<30 {
		return fmt.Errorf("max_message %d: at most 1 GiB", c.MaxMessage)
	}
	if err := c.validateNames(); err != nil {
		return err
	}
	return c.Time.validate()
}

func (c Config) validateNames() error {
	if len(c.Fields) > MaxFields {
		return fmt.Errorf("decode.fields has %d names: at most %d are located", len(c.Fields), MaxFields)
	}
	for i, name := range c.Fields {
		if name == "" {
			return fmt.Errorf("decode.fields[%d] is empty: want the name of a field", i)
		}
		if slices.Contains(c.Fields[:i], name) {
			return fmt.Errorf("decode.fields names %q twice", name)
		}
	}
	for _, n := range c.named() {
		if c.format() == Raw {
			return fmt.Errorf("%s %q needs a format with fields: set decode.format to json or csv", n.option, n.name)
		}
		if c.format() == JSON && slices.Contains(strings.Split(n.name, "."), "") {
			return fmt.Errorf("%s %q: a path has an empty part; want NAME or NAME.NAME", n.option, n.name)
		}
	}
	return nil
}

type named struct{ option, name string }

func (c Config) named() []named {
	var all []named
	if c.Key != "" {
		all = append(all, named{"decode.key", c.Key})
	}
	if c.Time.Field != "" {
		all = append(all, named{"decode.time.field", c.Time.Field})
	}
	for _, name := range c.Fields {
		all = append(all, named{"decode.fields", name})
	}
	return all
}

func (t TimeConfig) validate() error {
	if t.Field == "" && (t.Layout != "" || t.Zone != "") {
		return fmt.Errorf("decode.time.field is missing: layout and zone say how that field is read")
	}
	if t.Zone != "" && t.Layout == "" {
		return fmt.Errorf("decode.time.zone %q needs a layout: a time of RFC 3339 carries its own offset", t.Zone)
	}
	if _, err := time.LoadLocation(t.Zone); err != nil || t.Zone == "Local" {
		return fmt.Errorf("decode.time.zone %q is unknown: want an IANA name, for example Europe/Zurich, or UTC", t.Zone)
	}
	// A layout without any element formats to itself whatever the time is.
	if t.Layout != "" && time.Unix(0, 0).UTC().Format(t.Layout) == t.Layout {
		return fmt.Errorf("decode.time.layout %q has no element of a time: write how 2006-01-02 15:04:05 looks in the data", t.Layout)
	}
	return nil
}

func (c Config) format() Format {
	if c.Format == "" {
		return Raw
	}
	return c.Format
}

func (c Config) framing() Framing {
	switch {
	case c.Framing != "":
		return c.Framing
	case c.format() == CSV:
		return Records
	}
	return Lines
}

func (c Config) maxMessage() int64 {
	if c.MaxMessage == 0 {
		return DefaultMaxMessage
	}
	return c.MaxMessage
}
