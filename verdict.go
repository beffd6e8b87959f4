package pelton

import (
	"fmt"
	"strings"
	"time"
)

// Decision is the kind of a [Verdict].
type Decision uint8

// The decisions. DecisionNone is the zero value: the delivery was not decided, and is offered again without
// spending an attempt.
const (
	DecisionNone Decision = iota
	DecisionAck
	DecisionRetry
	DecisionDefer
	DecisionDead
	DecisionHold
	DecisionAwait
)

var decisions = [...]string{"none", "ack", "retry", "defer", "dead", "hold", "await"}

// String is the decision's word in metrics and in the API.
func (d Decision) String() string {
	if int(d) < len(decisions) {
		return decisions[d]
	}
	return "invalid"
}

// Verdict is a plugin's one decision on one delivery. The zero Verdict decides nothing.
type Verdict struct {
	Decision Decision
	After    time.Duration // Retry: not before; 0 leaves it to the policy. Hold: the lease
	Until    time.Time     // Defer: not before
	Reason   string        // Dead: why. Retry: why, for the record's last failure
	Pass     bool          // Defer: later messages of the key may overtake
}

// Ack accepts the message: its emits and state writes take effect (E1).
func Ack() Verdict { return Verdict{Decision: DecisionAck} }

// Retry asks for another attempt, not before after; 0 leaves the delay to the policy. It never overrides the
// number of attempts.
func Retry(after time.Duration) Verdict { return Verdict{Decision: DecisionRetry, After: after} }

// Defer asks for the message again at a time at least 100 ms ahead; it spends no attempt.
func Defer(until time.Time) Verdict { return Verdict{Decision: DecisionDefer, Until: until} }

// Dead gives the message up; it is kept as a dead letter with the reason.
func Dead(reason string) Verdict { return Verdict{Decision: DecisionDead, Reason: reason} }

// Hold keeps the delivery open until it is settled by its token or the lease ends, which redelivers it.
func Hold(lease time.Duration) Verdict { return Verdict{Decision: DecisionHold, After: lease} }

// Await keeps the delivery until the response to its [Request] is there, and offers it again with it; it spends no attempt.
// Only a plugin's own answer to a delivery for which it made a request may be this.
func Await() Verdict { return Verdict{Decision: DecisionAwait} }

// String is the verdict in one line, for example "retry(2s)". [ParseVerdict] reads it back, but for Pass and await.
func (v Verdict) String() string {
	switch v.Decision {
	case DecisionRetry, DecisionHold:
		return v.Decision.String() + "(" + v.After.String() + ")"
	case DecisionDefer:
		return "defer(" + v.Until.UTC().Format(time.RFC3339Nano) + ")"
	case DecisionDead:
		return "dead(" + v.Reason + ")"
	default:
		return v.Decision.String()
	}
}

// ParseVerdict is the inverse of [Verdict.String].
func ParseVerdict(s string) (Verdict, error) {
	word, rest, _ := strings.Cut(s, "(")
	arg, closed := strings.CutSuffix(rest, ")")
	bad := fmt.Errorf("verdict %q: want ack, retry(2s), defer(RFC 3339 time), dead(reason) or hold(30s)", s)
	if s == "ack" {
		return Ack(), nil
	}
	if !closed {
		return Verdict{}, bad
	}
	switch word {
	case "dead":
		return Dead(arg), nil
	case "defer":
		until, err := time.Parse(time.RFC3339Nano, arg)
		until = until.UTC()
		if err != nil || until.Year() < 0 || until.Year() > 9999 { // the form has four digits for the year
			return Verdict{}, bad
		}
		return Defer(until), nil
	case "retry", "hold":
		d, err := time.ParseDuration(arg)
		if err != nil || d < 0 {
			return Verdict{}, bad
		}
		if word == "hold" {
			return Hold(d), nil
		}
		return Retry(d), nil
	}
	return Verdict{}, bad
}
