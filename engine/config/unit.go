package config

import "github.com/peltonhq/pelton/engine/config/unit"

// Size is a number of bytes.
type Size = unit.Size

// Duration is a length of time.
type Duration = unit.Duration

// Rate is a number of messages a second.
type Rate = unit.Rate

// JSON is any mapping of the file, as a JSON object.
type JSON = unit.JSON

// Their units.
const (
	KiB         = unit.KiB
	MiB         = unit.MiB
	GiB         = unit.GiB
	Millisecond = unit.Millisecond
	Second      = unit.Second
	Minute      = unit.Minute
	Hour        = unit.Hour
	Day         = unit.Day
)
