package unit

import (
	"fmt"
	"strings"
	"time"
)

// Duration is a length of time. Its text always has a unit: "100ms", "24h", "7d", "0s".
type Duration time.Duration

// Units of [Duration].
const (
	Millisecond = Duration(time.Millisecond)
	Second      = Duration(time.Second)
	Minute      = Duration(time.Minute)
	Hour        = Duration(time.Hour)
	Day         = 24 * Hour
)

// Std is the duration as the standard library's.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String is time.Duration's, without parts that are zero: "24h", not "24h0m0s".
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// ParseDuration is the inverse of [Duration.String]. It also takes whole or fractional days, "7d".
func ParseDuration(text string) (Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := decimal(days); err == nil {
			f, _ := n.Float64()
			if f > 100_000 {
				return 0, fmt.Errorf("duration %q is too long", text)
			}
			return Duration(f * float64(Day)), nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || strings.Trim(text, "+-0123456789.") == "" {
		return 0, fmt.Errorf("duration %q: want a number with a unit (ms, s, m, h, d), for example 100ms", text)
	}
	if d < 0 {
		return 0, fmt.Errorf("duration %q is negative", text)
	}
	return Duration(d), nil
}

// MarshalText is [Duration.String].
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is [ParseDuration].
func (d *Duration) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDuration(string(text))
	return err
}
