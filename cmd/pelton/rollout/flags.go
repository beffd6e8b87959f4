package rollout

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/peltonhq/pelton/api"
)

// Flags are those that say how a new version comes in.
type Flags struct {
	set     *pflag.FlagSet
	kind    string
	percent []string
	keys    []string
	hold    time.Duration
	length  time.Duration
	differ  float64
	then    string
}

// Add adds the flags to a command.
func Add(set *pflag.FlagSet) *Flags {
	f := &Flags{set: set}
	set.StringVar(&f.kind, "strategy", "", "how it comes in: immediate, canary or shadow (default: the config's)")
	set.StringSliceVar(&f.percent, "percent", nil, "of a canary: the `SHARES` of keys at each step, for example 5,25,50")
	set.StringSliceVar(&f.keys, "keys", nil, "of a canary: these `KEYS` alone, in the place of shares")
	set.DurationVar(&f.hold, "hold", 0, "of a canary: how long a step takes, for example 30s")
	set.DurationVar(&f.length, "for", 0, "of a shadow: how long the versions are compared, for example 1m")
	set.Float64Var(&f.differ, "max-diff", 0, "of a shadow: the `SHARE` of messages that may be answered differently, 0 to 1")
	set.StringVar(&f.then, "then", "", "of a shadow: promote or drop")
	return f
}

// Strategy is what the flags ask for; nil when none was given.
func (f *Flags) Strategy() (*api.Strategy, error) {
	given := false
	for _, name := range []string{"strategy", "percent", "keys", "hold", "for", "max-diff", "then"} {
		given = given || f.set.Changed(name)
	}
	if !given {
		return nil, nil
	}
	s := &api.Strategy{Kind: f.kind, Keys: f.keys, Hold: f.hold, For: f.length, MaxDiff: f.differ, Then: f.then}
	for _, text := range f.percent {
		p, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(text), "%"), 64)
		if err != nil {
			return nil, errors.New("--percent " + text + ": want numbers, for example --percent 5,25,50")
		}
		s.Percent = append(s.Percent, p)
	}
	return s, nil
}
