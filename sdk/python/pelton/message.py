"""A message that is offered to a plugin."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from .plugin.v1 import plugin_pb2 as proto


class Message:
    """One message. Its bytes are the program's own: they may be kept."""

    __slots__ = ("_names", "_wire")

    def __init__(self, wire: proto.Delivery, names: dict[str, int]) -> None:
        self._wire = wire
        self._names = names

    @property
    def payload(self) -> bytes:
        """The message's bytes."""
        return self._wire.payload

    @property
    def key(self) -> bytes | None:
        """Its key; None when it has none."""
        return self._wire.key if self._wire.HasField("key") else None

    @property
    def attempt(self) -> int:
        """1 for the first offer of this message to this plugin."""
        return self._wire.attempt

    @property
    def defers(self) -> int:
        """How often this plugin deferred it."""
        return self._wire.defers

    @property
    def time(self) -> datetime | None:
        """The message's own time, or that of its arrival; None when it is not known."""
        return _time(self._wire.time)

    @property
    def first_seen(self) -> datetime | None:
        """When this plugin was first offered it."""
        return _time(self._wire.first_seen)

    @property
    def position(self) -> int:
        """Its place in its lane, strictly increasing."""
        return self._wire.position

    @property
    def hold_token(self) -> str:
        """What settles it later, after ``hold``."""
        return self._wire.hold_token

    @property
    def id(self) -> str:
        """Identifies it for good: the same after a crash, a redelivery or a swap."""
        return self._wire.id

    @property
    def trace(self) -> str:
        """Its W3C traceparent; empty when it has none."""
        return self._wire.trace

    @property
    def source(self) -> str:
        """Name of the source it came from."""
        return self._wire.source

    @property
    def lane(self) -> str:
        """Name of the lane in the source."""
        return self._wire.lane

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Upstream headers in their order."""
        return [(h.name, h.value) for h in self._wire.headers]

    def field(self, name: str, default: Any = None) -> Any:
        """The value that the source's decode located (``decode.fields`` in the config), without parsing the message:
        a str, int, float, bool, None for null, or what JSON makes of an object or array. ``default`` when the message
        does not have it."""
        index = self._names.get(name, -1)
        for at in self._wire.fields:
            if at.field == index:
                raw = self._wire.payload[at.offset : at.offset + at.length]
                return _READ[at.kind](raw)
        return default

    def json(self) -> Any:
        """The whole message, parsed as JSON."""
        return json.loads(self._wire.payload)


def _number(raw: bytes) -> int | float:
    try:
        return int(raw)
    except ValueError:
        return float(raw)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


_READ = {
    proto.KIND_STRING: _text,
    proto.KIND_ESCAPED: lambda raw: json.loads(b'"' + raw + b'"'),
    proto.KIND_NUMBER: _number,
    proto.KIND_BOOL: lambda raw: raw == b"true",
    proto.KIND_NULL: lambda raw: None,
    proto.KIND_JSON: json.loads,
    proto.KIND_QUOTED: lambda raw: _text(raw).replace('""', '"'),
}

_UNKNOWN = -(1 << 63)


def _time(nanos: int) -> datetime | None:
    if nanos == _UNKNOWN:
        return None
    seconds, rest = divmod(nanos, 1_000_000_000)
    return datetime.fromtimestamp(seconds, timezone.utc).replace(microsecond=rest // 1000)
