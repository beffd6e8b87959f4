package config

import "github.com/peltonhq/pelton/engine/config/unit"

// Numbers that want a unit in the file, and mappings that are passed on; see package unit for their texts.
type (
	Size     = unit.Size
	Duration = unit.Duration
	Rate     = unit.Rate
	JSON     = unit.JSON
)

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
