package model

import (
	"fmt"
	"io"
	"strconv"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
)

// From says where a follow starts.
type From api.From

// OnGap says what a follow does at a gap.
type OnGap api.OnGap

// Slow says what happens to a slow follower.
type Slow api.Slow

// Decision says what a hold ends with.
type Decision pelton.Decision

var (
	decisions = map[string]Decision{
		"ACK": Decision(pelton.DecisionAck), "RETRY": Decision(pelton.DecisionRetry),
		"DEFER": Decision(pelton.DecisionDefer), "DEAD": Decision(pelton.DecisionDead),
	}
	froms  = map[string]From{"BEGINNING": From(api.FromBeginning), "LATEST": From(api.FromLatest), "NOW": From(api.FromNow)}
	onGaps = map[string]OnGap{"FAIL": OnGap(api.OnGapFail), "RESET": OnGap(api.OnGapReset)}
	slows  = map[string]Slow{"DISCONNECT": Slow(api.SlowDisconnect), "CONFLATE": Slow(api.SlowConflate), "BLOCK": Slow(api.SlowBlock)}
)

// UnmarshalGQL reads the enumeration's word.
func (f *From) UnmarshalGQL(v any) error { return read(f, froms, v) }

// UnmarshalGQL reads the enumeration's word.
func (o *OnGap) UnmarshalGQL(v any) error { return read(o, onGaps, v) }

// UnmarshalGQL reads the enumeration's word.
func (s *Slow) UnmarshalGQL(v any) error { return read(s, slows, v) }

// UnmarshalGQL reads the enumeration's word.
func (d *Decision) UnmarshalGQL(v any) error { return read(d, decisions, v) }

// MarshalGQL writes the enumeration's word.
func (d Decision) MarshalGQL(w io.Writer) { write(w, decisions, d) }

// MarshalGQL writes the enumeration's word.
func (f From) MarshalGQL(w io.Writer) { write(w, froms, f) }

// MarshalGQL writes the enumeration's word.
func (o OnGap) MarshalGQL(w io.Writer) { write(w, onGaps, o) }

// MarshalGQL writes the enumeration's word.
func (s Slow) MarshalGQL(w io.Writer) { write(w, slows, s) }

func read[T comparable](to *T, words map[string]T, v any) error {
	word, _ := v.(string)
	value, ok := words[word]
	if !ok {
		return fmt.Errorf("%v is not a value of this enumeration", v)
	}
	*to = value
	return nil
}

func write[T comparable](w io.Writer, words map[string]T, v T) {
	for word, value := range words {
		if value == v {
			_, _ = io.WriteString(w, strconv.Quote(word))
			return
		}
	}
	_, _ = io.WriteString(w, "null")
}
