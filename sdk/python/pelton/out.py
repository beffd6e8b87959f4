"""What a message puts out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from .plugin.v1 import plugin_pb2 as proto
from .verdict import Verdict

#: An emit of a settlement: output and payload, and perhaps a key.
Emit: TypeAlias = "tuple[str, bytes] | tuple[str, bytes, bytes | None]"

_COST = 32  # what the wheel charges for each emit beside its bytes


class Full(BaseException):
    """The emits of one message are more than limits.output. It ends the handler: catching Exception does not stop it."""


class Out:
    """Takes what a message puts out. It takes effect only if the message is acked."""

    __slots__ = ("_decided", "_log", "_room", "full")

    def __init__(self, decided: proto.Decided, room: int, log: Callable[[str, str], None]) -> None:
        self._decided = decided
        self._room = room
        self._log = log
        self.full = False

    def emit(self, output: str, payload: bytes, key: bytes | None = None, content_type: str = "") -> None:
        """Puts out one message to a declared output."""
        size = _COST + len(payload) + len(content_type)
        if key is not None:
            size += len(key)
        self._charge(size)
        self._decided.emits.append(proto.Emit(output=output, payload=payload, key=key, content_type=content_type))

    def settle(self, token: str, verdict: Verdict, emits: Iterable[Emit] = ()) -> None:
        """Decides a message that was held earlier, by its ``hold_token``."""
        settlement = proto.Settlement(token=token, verdict=verdict.encode())
        size = _COST + len(token) + len(verdict.reason)
        for output, payload, *key in emits:
            emit = proto.Emit(output=output, payload=payload, key=key[0] if key else None)
            size += _COST + len(payload) + len(emit.key)
            settlement.emits.append(emit)
        self._charge(size)
        self._decided.settlements.append(settlement)

    def log(self, level: str, text: str) -> None:
        """Writes a line to the plugin's log; level is debug, info, warn or error. What is printed goes there too, but
        may come late."""
        self._log(level, text)

    def _charge(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            self.full = True
            raise Full("the emits of one message are more than limits.output")

    def used(self, room: int) -> int:
        """Bytes that were put out of a room."""
        return room - self._room
