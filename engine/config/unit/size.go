package unit

import (
	"fmt"
	"math"
	"math/big"
	"strings"
)

// Size is a number of bytes. Its text always has a unit: "64MiB", "500KB", "0B".
type Size int64

// Units of [Size].
const (
	KiB Size = 1 << 10
	MiB Size = 1 << 20
	GiB Size = 1 << 30
)

// sizes are the units, the one to write with first.
var sizes = []struct {
	unit  string
	bytes Size
}{
	{"GiB", GiB}, {"MiB", MiB}, {"KiB", KiB}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"B", 1},
}

// String is the size in the largest binary unit that gives a whole number.
func (s Size) String() string {
	for _, u := range sizes[:3] {
		if s != 0 && s%u.bytes == 0 {
			return fmt.Sprintf("%d%s", s/u.bytes, u.unit)
		}
	}
	return fmt.Sprintf("%dB", int64(s))
}

// ParseSize is the inverse of [Size.String]. It also takes KB, MB and GB (powers of 1000) and fractions.
func ParseSize(text string) (Size, error) {
	for _, u := range sizes {
		number, ok := strings.CutSuffix(text, u.unit)
		if !ok {
			continue
		}
		n, err := decimal(strings.TrimSpace(number))
		if err != nil {
			break
		}
		n.Mul(n, new(big.Rat).SetInt64(int64(u.bytes)))
		if n.Cmp(new(big.Rat).SetInt64(math.MaxInt64)) > 0 {
			return 0, fmt.Errorf("size %q is too large", text)
		}
		if !n.IsInt() {
			return 0, fmt.Errorf("size %q is not a whole number of bytes", text)
		}
		return Size(n.Num().Int64()), nil
	}
	return 0, fmt.Errorf("size %q: want a number with a unit (B, KiB, MiB, GiB, KB, MB, GB), for example 64MiB", text)
}

// decimal reads digits with at most one point between them.
func decimal(text string) (*big.Rat, error) {
	whole, fraction, point := strings.Cut(text, ".")
	if len(text) > 30 || !digits(whole) || point && !digits(fraction) {
		return nil, fmt.Errorf("%q is not a number", text)
	}
	n, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, fmt.Errorf("%q is not a number", text)
	}
	return n, nil
}

func digits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// MarshalText is [Size.String].
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is [ParseSize].
func (s *Size) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSize(string(text))
	return err
}
