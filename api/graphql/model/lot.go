package model

import (
	"encoding/json"
	"time"

	"github.com/peltonhq/pelton/api"
)

// DeadLetter is a dead letter with its payload as JSON or text.
type DeadLetter struct {
	api.DeadLetter

	FirstFailure, LastFailure time.Time
	Payload                   json.RawMessage
	PayloadBase64             *string
}

// DeadLetterOf is d for the schema.
func DeadLetterOf(d api.DeadLetter) DeadLetter {
	out := DeadLetter{DeadLetter: d, FirstFailure: d.First, LastFailure: d.Last}
	out.Payload, out.PayloadBase64 = body(d.Payload, d.ContentType)
	return out
}

// Parked is a parked delivery with its payload as JSON or text.
type Parked struct {
	api.Parked

	Payload       json.RawMessage
	PayloadBase64 *string
}

// ParkedOf is p for the schema.
func ParkedOf(p api.Parked) Parked {
	out := Parked{Parked: p}
	out.Payload, out.PayloadBase64 = body(p.Payload, "")
	return out
}

// DeadFilter selects dead letters.
type DeadFilter struct {
	Plugin, Reason, Kind, State, Source *string
	Since, Until                        *time.Time
}

// Query is the filter for the service; nil selects all.
func (f *DeadFilter) Query() api.DeadQuery {
	if f == nil {
		return api.DeadQuery{}
	}
	return api.DeadQuery{
		Plugin: or(f.Plugin), Reason: or(f.Reason), Kind: or(f.Kind), State: or(f.State), Source: or(f.Source),
		Since: or(f.Since), Until: or(f.Until),
	}
}

// ParkedFilter selects parked deliveries.
type ParkedFilter struct {
	Plugin, Kind, Key *string
	Since, Until      *time.Time
}

// Query is the filter for the service; nil selects all.
func (f *ParkedFilter) Query() api.ParkedQuery {
	if f == nil {
		return api.ParkedQuery{}
	}
	return api.ParkedQuery{Plugin: or(f.Plugin), Kind: or(f.Kind), Key: or(f.Key), Since: or(f.Since), Until: or(f.Until)}
}

func or[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
