package unit

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Rate is a number of messages a second; 0 means no limit. Its text has the unit: "2000/s", "30/m", "5/h".
type Rate float64

// rates are the units, in seconds.
var rates = []struct {
	unit    string
	seconds float64
}{{"/s", 1}, {"/m", 60}, {"/h", 3600}}

// PerSecond is the rate as a number.
func (r Rate) PerSecond() float64 { return float64(r) }

// String is the rate in the first unit that gives a whole number, or else per second.
func (r Rate) String() string {
	for _, u := range rates {
		n := math.Round(float64(r) * u.seconds)
		if Rate(n/u.seconds) == r {
			return strconv.FormatFloat(n, 'f', -1, 64) + u.unit
		}
	}
	return strconv.FormatFloat(float64(r), 'f', -1, 64) + "/s"
}

// ParseRate is the inverse of [Rate.String].
func ParseRate(text string) (Rate, error) {
	for _, u := range rates {
		number, ok := strings.CutSuffix(text, u.unit)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || strings.Trim(number, "0123456789.") != "" {
			break
		}
		if n <= 0 || n > 1e9 {
			return 0, fmt.Errorf("rate %q: want more than 0 and at most 1000000000/s", text)
		}
		return Rate(n / u.seconds), nil
	}
	return 0, fmt.Errorf("rate %q: want a number a second, minute or hour, for example 2000/s, 30/m or 5/h", text)
}

// MarshalText is [Rate.String].
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText is [ParseRate].
func (r *Rate) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRate(string(text))
	return err
}
