package config

import (
	"github.com/peltonhq/pelton/engine/config/rollout"
	"github.com/peltonhq/pelton/engine/config/traces"
	"github.com/peltonhq/pelton/engine/config/unit"
)

type (
	Health   = rollout.Health //nolint:revive // documented there
	Canary   = rollout.Canary //nolint:revive // documented there
	Shadow   = rollout.Shadow //nolint:revive // documented there
	Handover = rollout.State  //nolint:revive // documented there
	Swap     = rollout.Swap   //nolint:revive // documented there
	Traces   = traces.Traces  //nolint:revive // documented there
	Size     = unit.Size      //nolint:revive // documented there
	Duration = unit.Duration  //nolint:revive // documented there
	Rate     = unit.Rate      //nolint:revive // documented there
	JSON     = unit.JSON      //nolint:revive // documented there
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
