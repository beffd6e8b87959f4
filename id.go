package pelton

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// MessageID identifies a message for good: the same after a crash, a redelivery, a swap or a rebalance.
type MessageID struct {
	Lane     LaneID
	Position uint64
	Path     string // "plugin#ordinal" per edge, joined by "/"; empty for a message of the source itself
}

// String is "source/incarnation/lane/position" followed by "/plugin#ordinal" per edge.
func (id MessageID) String() string {
	s := id.Lane.String() + "/" + strconv.FormatUint(id.Position, 10)
	if id.Path != "" {
		s += "/" + id.Path
	}
	return s
}

// Emitted is the identity of the n-th emit (from 0, over all outputs) of plugin's delivery of this message. There
// is no revision in it: the same emit of a newer version is the same effect (S2).
func (id MessageID) Emitted(plugin string, n int) MessageID {
	edge := plugin + "#" + strconv.Itoa(n)
	if id.Path != "" {
		edge = id.Path + "/" + edge
	}
	id.Path = edge
	return id
}

// To is the identity of this message on its way to one target: a delivery when the target is a plugin, else an
// effect.
func (id MessageID) To(target Target) EffectID { return EffectID{Message: id, Target: target} }

// ParseMessageID is the inverse of [MessageID.String].
func ParseMessageID(s string) (MessageID, error) {
	parts := strings.SplitN(s, "/", 5)
	if len(parts) < 4 {
		return MessageID{}, fmt.Errorf("message id %q: want source/incarnation/lane/position[/plugin#n…]", s)
	}
	lane, err := ParseLaneID(strings.Join(parts[:3], "/"))
	if err != nil {
		return MessageID{}, fmt.Errorf("message id %q: %w", s, err)
	}
	position, err := strconv.ParseUint(parts[3], 10, 64)
	if err != nil {
		return MessageID{}, fmt.Errorf("message id %q: position %q is not a number", s, parts[3])
	}
	id := MessageID{Lane: lane, Position: position}
	if len(parts) == 5 {
		id.Path = parts[4]
	}
	if id.String() != s || !validPath(id.Path) {
		return MessageID{}, fmt.Errorf("message id %q: not in canonical form", s)
	}
	return id, nil
}

// Edges yields the path's edges from the source on: the plugin, and the ordinal of its emit.
func (id MessageID) Edges() iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for edge := range strings.SplitSeq(id.Path, "/") {
			plugin, ordinal, ok := strings.Cut(edge, "#")
			n, _ := strconv.Atoi(ordinal)
			if !ok || !yield(plugin, n) {
				return
			}
		}
	}
}

// Before reports whether id comes before other in their lane: by position, then by the emits on their paths.
func (id MessageID) Before(other MessageID) bool {
	if id.Position != other.Position {
		return id.Position < other.Position
	}
	next, stop := iter.Pull2(other.Edges())
	defer stop()
	for plugin, ordinal := range id.Edges() {
		p, n, ok := next()
		switch {
		case !ok:
			return false
		case plugin != p:
			return plugin < p
		case ordinal != n:
			return ordinal < n
		}
	}
	_, _, longer := next()
	return longer
}

func validPath(path string) bool {
	if path == "" {
		return true
	}
	for edge := range strings.SplitSeq(path, "/") {
		plugin, ordinal, ok := strings.Cut(edge, "#")
		n, err := strconv.Atoi(ordinal)
		if !ok || plugin == "" || err != nil || n < 0 || strconv.Itoa(n) != ordinal {
			return false
		}
	}
	return true
}

// TargetKind says what an emit goes to.
type TargetKind uint8

// The kinds of target. The zero kind is invalid.
const (
	TargetPlugin TargetKind = iota + 1
	TargetSession
	TargetSink
)

var targetKinds = [...]string{TargetPlugin: "plugin", TargetSession: "session", TargetSink: "sink"}

// Target is one place an emit goes to, by its name in the config.
type Target struct {
	Kind TargetKind
	Name string
}

// Valid reports whether the kind is known and the name is set.
func (t Target) Valid() bool {
	return t.Kind >= TargetPlugin && t.Kind <= TargetSink && t.Name != ""
}

// String is "kind/name", for example "session/airports".
func (t Target) String() string {
	if !t.Valid() {
		return "target/invalid"
	}
	return targetKinds[t.Kind] + "/" + t.Name
}

// ParseTarget is the inverse of [Target.String].
func ParseTarget(s string) (Target, error) {
	kind, name, _ := strings.Cut(s, "/")
	for k, word := range targetKinds {
		if word == kind && kind != "" && name != "" {
			return Target{Kind: TargetKind(k), Name: name}, nil
		}
	}
	return Target{}, fmt.Errorf("target %q: want plugin/NAME, session/NAME or sink/NAME", s)
}

// EffectID names one message on its way to one target. A target applies it at most once where it can (S2); for a
// plugin it is the identity of the delivery, the same at every attempt.
type EffectID struct {
	Message MessageID
	Target  Target
}

// String is the message's identity, ">", and the target.
func (id EffectID) String() string { return id.Message.String() + ">" + id.Target.String() }

// ParseEffectID is the inverse of [EffectID.String].
func ParseEffectID(s string) (EffectID, error) {
	i := strings.LastIndexByte(s, '>')
	if i < 0 {
		return EffectID{}, fmt.Errorf("effect id %q: want MESSAGE>TARGET", s)
	}
	message, err := ParseMessageID(s[:i])
	if err != nil {
		return EffectID{}, fmt.Errorf("effect id %q: %w", s, err)
	}
	target, err := ParseTarget(s[i+1:])
	if err != nil {
		return EffectID{}, fmt.Errorf("effect id %q: %w", s, err)
	}
	return EffectID{Message: message, Target: target}, nil
}
