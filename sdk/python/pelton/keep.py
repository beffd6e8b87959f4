"""What a plugin has in its variables, on its way to the next version of the plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .plugin.v1 import plugin_pb2 as proto

_PART_SIZE = 256 << 10


@dataclass(frozen=True, slots=True)
class State:
    """A state: the version of its form, a number of the plugin's own, and its bytes, at most ``state.max_size``."""

    version: int
    data: bytes


Saver = Callable[[], State]
Loader = Callable[[State], None]


def saved(save: Saver, m: proto.Save) -> Iterator[proto.Saved]:
    """The answer to Save, in parts."""
    last = proto.Saved(batch=m.batch, done=True)
    try:
        state = save()
    except ValueError as refusal:
        last.refusal = str(refusal) or type(refusal).__name__
        yield last
        return
    if len(state.data) > m.limit:
        last.excess = len(state.data)
    else:
        end = max(0, len(state.data) - 1) // _PART_SIZE * _PART_SIZE
        for at in range(0, end, _PART_SIZE):
            yield proto.Saved(batch=m.batch, part=state.data[at : at + _PART_SIZE])
        last.version, last.part = state.version, state.data[end:]
    yield last


def loaded(load: Loader, m: proto.Load) -> proto.Loaded:
    """The answer to Load."""
    answer = proto.Loaded(batch=m.batch)
    try:
        load(State(m.version, m.state))
    except ValueError as refusal:
        answer.refusal = str(refusal) or type(refusal).__name__
    return answer
