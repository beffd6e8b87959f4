package api

// check finds what is wrong with a strategy whatever the config says.
func (s *Strategy) check() error {
	if s == nil {
		return nil
	}
	switch s.Kind {
	case "", StrategyImmediate, StrategyCanary, StrategyShadow:
	default:
		return Errorf(InvalidArgument, "strategy %q: want immediate, canary or shadow", s.Kind)
	}
	if what := s.foreign(); what != "" {
		return Errorf(InvalidArgument, "strategy %s: %s", s.Kind, what)
	}
	before := 0.0
	for _, p := range s.Percent {
		if p <= before || p > 100 {
			return Errorf(InvalidArgument, "percent %v: want steps above 0, ascending, up to 100", s.Percent)
		}
		before = p
	}
	switch {
	case len(s.Percent) > 0 && len(s.Keys) > 0:
		return Errorf(InvalidArgument, "strategy canary: want percent or keys, not both")
	case s.Hold < 0 || s.For < 0:
		return Errorf(InvalidArgument, "strategy %s: a time must not be negative", s.Kind)
	case s.MaxDiff < 0 || s.MaxDiff > 1:
		return Errorf(InvalidArgument, "max_diff %v: want a share from 0 to 1", s.MaxDiff)
	case s.Then != "" && s.Then != ThenPromote && s.Then != ThenDrop:
		return Errorf(InvalidArgument, "then %q: want promote or drop", s.Then)
	}
	return nil
}

// foreign names what another strategy has. One without a kind is the config's, and may have any.
func (s *Strategy) foreign() string {
	canary := len(s.Percent) > 0 || len(s.Keys) > 0 || s.Hold != 0
	shadow := s.For != 0 || s.MaxDiff != 0 || s.Then != ""
	switch {
	case canary && (s.Kind == StrategyImmediate || s.Kind == StrategyShadow):
		return "percent, keys and hold are for a canary"
	case shadow && (s.Kind == StrategyImmediate || s.Kind == StrategyCanary):
		return "for, max_diff and then are for a shadow"
	}
	return ""
}
