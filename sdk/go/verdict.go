package pelton

import "time"

type decision uint32

const (
	none decision = iota
	ack
	retry
	postpone
	dead
	hold
	await
)

var decisions = [...]string{"none", "ack", "retry", "defer", "dead", "hold", "await"}

// Verdict is a plugin's one decision on one message. The zero Verdict decides nothing and is an error.
type Verdict struct {
	decision decision
	nanos    int64
	reason   string
	pass     bool
}

// Ack accepts the message: its emits and its changes of [KV] take effect.
func Ack() Verdict { return Verdict{decision: ack} }

// Retry asks for another attempt, not before after; 0 leaves the delay to the configured policy. It never
// overrides the configured number of attempts.
func Retry(after time.Duration) Verdict { return Verdict{decision: retry, nanos: int64(after)} }

// Defer asks for the message again at a time at least 100 ms ahead. It spends no attempt. Later messages of the key
// wait for it; see [Verdict.AndPass].
func Defer(until time.Time) Verdict { return Verdict{decision: postpone, nanos: until.UnixNano()} }

// Dead gives the message up: it is kept as a dead letter with the reason, to be looked at and replayed.
func Dead(reason string) Verdict { return Verdict{decision: dead, reason: reason} }

// Hold keeps the message open until it is settled by its token (see [Message.HoldToken]) or the lease ends, which
// offers it again.
func Hold(lease time.Duration) Verdict { return Verdict{decision: hold, nanos: int64(lease)} }

// Because is the verdict with a reason, which [Retry] keeps for the record of the message's last failure.
func (v Verdict) Because(reason string) Verdict {
	v.reason = reason
	return v
}

// AndPass lets later messages of the key overtake a deferred one.
func (v Verdict) AndPass() Verdict {
	v.pass = true
	return v
}

// String is the verdict in one line, for example "retry(2s)" or "dead(no delay)".
func (v Verdict) String() string {
	word := "invalid"
	if int(v.decision) < len(decisions) {
		word = decisions[v.decision]
	}
	switch v.decision {
	case retry, hold:
		return word + "(" + time.Duration(v.nanos).String() + ")"
	case postpone:
		return word + "(" + time.Unix(0, v.nanos).UTC().Format(time.RFC3339Nano) + ")"
	case dead:
		return word + "(" + v.reason + ")"
	default:
		return word
	}
}
