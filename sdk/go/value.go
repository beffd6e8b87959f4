package pelton

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Kind is what a located field holds.
type Kind uint32

// The kinds of a field. KindMissing is the zero value: the message does not have it.
const (
	KindMissing Kind = iota
	KindString       // Raw is the text between the quotes, without escapes
	KindEscaped      // Raw is the text between the quotes of a JSON string that has escapes
	KindNumber
	KindBool
	KindNull
	KindJSON   // an object or array, as it stands
	KindQuoted // Raw is the text between the quotes of a CSV field in which quotes are doubled
)

// Value is one field that the wheel located while decoding. Raw is borrowed.
//
//pelton:lends Raw is a part of the message's payload
type Value struct {
	Kind Kind
	Raw  []byte
}

// String is the value as text, unescaped.
func (v Value) String() string {
	if v.Kind == KindEscaped {
		var s string
		if json.Unmarshal([]byte(`"`+string(v.Raw)+`"`), &s) == nil {
			return s
		}
	}
	if v.Kind == KindQuoted {
		return strings.ReplaceAll(string(v.Raw), `""`, `"`)
	}
	return string(v.Raw)
}

// Int is the value as a whole number.
func (v Value) Int() (int64, error) {
	digits := v.Raw
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > 18 { // 18 digits can't overflow
		return strconv.ParseInt(string(v.Raw), 10, 64)
	}
	var n int64
	for _, d := range digits {
		if d < '0' || d > '9' {
			return strconv.ParseInt(string(v.Raw), 10, 64)
		}
		n = n*10 + int64(d-'0')
	}
	if len(digits) < len(v.Raw) {
		n = -n
	}
	return n, nil
}

// Float is the value as a number.
func (v Value) Float() (float64, error) { return strconv.ParseFloat(string(v.Raw), 64) }
