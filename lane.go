package pelton

import (
	"fmt"
	"net/url"
	"strings"
)

// LaneID names one incarnation of one ordered slice of a source: a file, a Kafka partition, an ingest queue.
// A lane whose upstream was replaced (another file under the same name, a re-created topic) has a new Incarnation
// and starts at position 0.
type LaneID struct {
	Source      string // name in the config
	Incarnation string // what tells this content from its predecessors
	Lane        string // name within the source
}

// Valid reports whether all three parts are set.
func (l LaneID) Valid() bool { return l.Source != "" && l.Incarnation != "" && l.Lane != "" }

// String is "source/incarnation/lane", each part path-escaped so that the slashes are unambiguous.
func (l LaneID) String() string {
	return url.PathEscape(l.Source) + "/" + url.PathEscape(l.Incarnation) + "/" + url.PathEscape(l.Lane)
}

// ParseLaneID is the inverse of [LaneID.String].
func ParseLaneID(s string) (LaneID, error) {
	parts := strings.Split(s, "/")
	if len(parts) != 3 {
		return LaneID{}, fmt.Errorf("lane %q: want source/incarnation/lane", s)
	}
	for i, p := range parts {
		u, err := url.PathUnescape(p)
		if err != nil || u == "" {
			return LaneID{}, fmt.Errorf("lane %q: part %d is empty or badly escaped", s, i+1)
		}
		parts[i] = u
	}
	l := LaneID{Source: parts[0], Incarnation: parts[1], Lane: parts[2]}
	if l.String() != s {
		return LaneID{}, fmt.Errorf("lane %q: not in canonical form %q", s, l)
	}
	return l, nil
}
