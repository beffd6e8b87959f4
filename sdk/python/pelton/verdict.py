"""What a plugin decides on a message."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from .plugin.v1 import plugin_pb2 as proto


@dataclass(frozen=True, slots=True)
class Verdict:
    """The one decision on a message. Make it with ack, retry, defer, dead or hold."""

    decision: int
    nanos: int = 0
    reason: str = ""
    passes: bool = False

    def because(self, reason: str) -> Verdict:
        """The verdict with a reason, which a retry keeps for the record of the message's last failure."""
        return replace(self, reason=reason)

    def and_pass(self) -> Verdict:
        """Lets later messages of the key overtake a deferred one."""
        return replace(self, passes=True)

    def encode(self) -> proto.Verdict:
        """The verdict on the wire. ``pass`` is a word of Python, so it is set by its name."""
        wire = proto.Verdict(decision=self.decision, nanos=self.nanos, reason=self.reason)
        if self.passes:
            setattr(wire, "pass", True)
        return wire


def ack() -> Verdict:
    """Accept the message: what it put out takes effect."""
    return _ACK


def retry(after: float | timedelta = 0) -> Verdict:
    """Offer it again, not before ``after`` (seconds, or a timedelta); 0 leaves the delay to the policy. It never
    overrides the configured number of attempts."""
    return Verdict(proto.DECISION_RETRY, _nanos(after))


def defer(until: datetime) -> Verdict:
    """Offer it again at ``until``, at least 100 ms ahead. A time without a zone is UTC."""
    if until.tzinfo is None:
        until = until.replace(tzinfo=timezone.utc)
    return Verdict(proto.DECISION_DEFER, _nanos(until - _EPOCH))


def dead(reason: str) -> Verdict:
    """Give it up: it is kept as a dead letter, to be looked at and replayed."""
    return Verdict(proto.DECISION_DEAD, reason=reason)


def hold(lease: float | timedelta) -> Verdict:
    """Keep it open until it is settled by its ``hold_token``, or the lease (seconds, or a timedelta) ends."""
    return Verdict(proto.DECISION_HOLD, _nanos(lease))


_ACK = Verdict(proto.DECISION_ACK)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def _nanos(span: float | timedelta) -> int:
    if isinstance(span, timedelta):
        return ((span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds) * 1_000
    return round(span * 1_000_000_000)
