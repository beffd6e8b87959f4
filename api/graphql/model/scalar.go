package model

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// MarshalUint64 writes a number as text.
func MarshalUint64(n uint64) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(strconv.FormatUint(n, 10))) })
}

// UnmarshalUint64 reads text or a number.
func UnmarshalUint64(v any) (uint64, error) {
	n, err := strconv.ParseUint(fmt.Sprint(v), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%v is not a number from 0 to 2^64-1", v)
	}
	return n, nil
}

// MarshalInt64 is [MarshalUint64] for what is never negative and bears a sign all the same.
func MarshalInt64(n int64) graphql.Marshaler { return MarshalUint64(uint64(max(0, n))) }

// UnmarshalInt64 is the inverse of [MarshalInt64].
func UnmarshalInt64(v any) (int64, error) {
	n, err := strconv.ParseInt(fmt.Sprint(v), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%v is not a number from 0 to 2^63-1", v)
	}
	return n, nil
}

// MarshalJSON writes JSON as it is.
func MarshalJSON(v json.RawMessage) graphql.Marshaler {
	if v == nil {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) { _, _ = w.Write(v) })
}

// UnmarshalJSON takes any value.
func UnmarshalJSON(v any) (json.RawMessage, error) { return json.Marshal(v) }

// MarshalTime writes RFC 3339; the zero time is null.
func MarshalTime(t time.Time) graphql.Marshaler {
	if t.IsZero() {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(t.Format(time.RFC3339Nano))) })
}

// UnmarshalTime reads RFC 3339.
func UnmarshalTime(v any) (time.Time, error) {
	text, ok := v.(string)
	if !ok {
		return time.Time{}, fmt.Errorf("%v is not a time; want RFC 3339 text", v)
	}
	return time.Parse(time.RFC3339Nano, text)
}

// MarshalDuration writes a length of time as Go prints it.
func MarshalDuration(d time.Duration) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(d.String())) })
}

// UnmarshalDuration is the inverse of [MarshalDuration].
func UnmarshalDuration(v any) (time.Duration, error) {
	text, ok := v.(string)
	if !ok {
		return 0, fmt.Errorf("%v is not a length of time; want text such as 1.5s", v)
	}
	return time.ParseDuration(text)
}

// MarshalCounts writes numbers by name.
func MarshalCounts(c map[string]uint64) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		if c == nil {
			c = map[string]uint64{}
		}
		body, err := json.Marshal(c)
		if err != nil {
			panic("graphql: " + err.Error()) // names and numbers always marshal
		}
		_, _ = w.Write(body)
	})
}

// UnmarshalCounts is the inverse of [MarshalCounts].
func UnmarshalCounts(v any) (map[string]uint64, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var c map[string]uint64
	err = json.Unmarshal(body, &c)
	return c, err
}
