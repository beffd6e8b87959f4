"""The plugin's end of the stream."""

from __future__ import annotations

import json
import os
import queue
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import grpc

from .keep import Loader, Saver, loaded, saved
from .message import Message
from .out import Full, Out
from .plugin.v1 import plugin_pb2 as proto
from .verdict import Verdict

Handler = Callable[[Message, Out], Verdict]
Reducer = Callable[[bytes, bytes, bytes], bytes]

_VERSION = 1
_PART_SIZE = 256 << 10  # an answer is sent when it is this large,
_PART_TIME = 0.01  # or this old: the wheel takes it as a sign of life
_LEVELS = {"debug": proto.LEVEL_DEBUG, "info": proto.LEVEL_INFO, "warn": proto.LEVEL_WARN, "error": proto.LEVEL_ERROR}


def run(
    *,
    handle: Handler | None = None,
    reduce: Reducer | None = None,
    outputs: Iterable[str] | Mapping[str, str] = (),
    start: Callable[[dict[str, Any]], None] | None = None,
    save: Saver | None = None,
    load: Loader | None = None,
    close: Callable[[], None] | None = None,
    content_type: str = "",
) -> NoReturn:
    """Runs the plugin until the wheel ends it, and ends the program.

    handle decides one message: ``handle(message, out)`` returns a verdict.
    reduce gives the next state of a session key: ``reduce(key, state, emit)`` returns bytes; state is empty for a new one.
    A ValueError refuses the emit with its words. A plugin has one of handle and reduce.
    outputs are the names that handle emits to, or a mapping of names to content types; without any it is "default".
    start gets the plugin's ``config``, before the first message; an exception makes the start fail with its words.
    save and load hand over what handle keeps in variables when the code is swapped, where the config has
    ``state: {handover: true}``. save is called between two messages of the old version, which may go on after it, and
    returns a State; load gets it in the new version, after start and before
    the first message. A ValueError of either refuses with its words: the new version starts without the state or is
    rolled back, as the config says. A plugin has both or none.
    close is called at the end; the program has a second.
    content_type is that of a reducer's states; empty means application/json.
    """
    if (handle is None) == (reduce is None):
        sys.exit("pelton.run: give either handle or reduce")
    if (save is None) != (load is None) or (save is not None and handle is None):
        sys.exit("pelton.run: give both save and load, with handle, or none of them")
    target = os.environ.get("PELTON_PLUGIN")
    if not target:
        sys.exit("PELTON_PLUGIN is not set: this program is a plugin, started by `pelton run` (plugins.NAME.process.command)")
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        _Client(handle, reduce, outputs, start, save, load, content_type).serve(target)
        if close is not None:
            close()
    except SystemExit as leave:
        _leave(leave.code if isinstance(leave.code, int) else 1)
    except BaseException:
        traceback.print_exc()
        _leave(1)
    _leave(0)


def _leave(code: int) -> NoReturn:
    """Ends the program without waiting for the threads of gRPC."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class _Client:
    def __init__(
        self,
        handle: Handler | None,
        reduce: Reducer | None,
        outputs: Iterable[str] | Mapping[str, str],
        start: Callable[[dict[str, Any]], None] | None,
        save: Saver | None,
        load: Loader | None,
        content_type: str,
    ) -> None:
        self.handler = handle
        self.reducer = reduce
        self.outputs = dict(outputs) if isinstance(outputs, Mapping) else dict.fromkeys(outputs, "")
        if handle is not None and not self.outputs:
            self.outputs = {"default": ""}
        self.start = start
        self.saver = save
        self.loader = load
        self.content_type = content_type
        self.room = 0
        self.said: queue.SimpleQueue[proto.AttachRequest | None] = queue.SimpleQueue()

    def serve(self, target: str) -> None:
        """Answers what comes until the end."""
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        channel = grpc.insecure_channel(target, options=options)
        attach = channel.stream_stream(
            "/pelton.plugin.v1.HostService/Attach",
            request_serializer=proto.AttachRequest.SerializeToString,
            response_deserializer=proto.AttachResponse.FromString,
        )
        self.said.put(proto.AttachRequest(hello=proto.Hello(version=_VERSION, sdk="python")))
        for m in attach(iter(self.said.get, None)):
            what = m.WhichOneof("message")
            if what == "handle":
                self.handle(m.handle)
            elif what == "reduce":
                self.reduce(m.reduce)
            elif what == "save":
                for part in saved(self.saver, m.save):  # type: ignore[arg-type]
                    self.said.put(proto.AttachRequest(saved=part))
            elif what == "load":
                self.said.put(proto.AttachRequest(loaded=loaded(self.loader, m.load)))  # type: ignore[arg-type]
            elif what == "init":
                self.init(m.init)
            elif what == "close":
                self.said.put(None)
                return

    def init(self, m: proto.Init) -> None:
        self.room = m.output
        role = proto.ROLE_HANDLER if self.reducer is None else proto.ROLE_REDUCER
        outputs = [proto.Output(name=name, content_type=kind) for name, kind in self.outputs.items()]
        started = proto.Started(role=role, outputs=outputs, keeps=self.saver is not None)
        if self.start is not None:
            try:
                self.start(json.loads(m.config))
            except Exception as refusal:
                started.refusal = str(refusal) or type(refusal).__name__
        self.said.put(proto.AttachRequest(started=started))

    def log(self, level: str, text: str) -> None:
        self.said.put(proto.AttachRequest(log=proto.Log(level=_LEVELS.get(level, proto.LEVEL_INFO), text=text)))

    def handle(self, batch: proto.Handle) -> None:
        """Decides a batch, and answers in parts when it takes long or puts out much."""
        names = {name: i for i, name in enumerate(batch.fields)}
        done = (proto.DECISION_ACK, proto.DECISION_DEAD)
        decisions: list[int] = []
        answer, size, began = proto.Answer(batch=batch.batch), 0, time.monotonic()
        for i, delivery in enumerate(batch.deliveries):
            decisions.append(proto.DECISION_UNSPECIFIED)
            if delivery.after >= 0 and decisions[delivery.after] not in done:
                continue
            decided = answer.decided.add(delivery=i)
            decisions[i], used = self.decide(Message(delivery, names), decided)
            size += used
            if size >= _PART_SIZE or time.monotonic() - began >= _PART_TIME:
                self.said.put(proto.AttachRequest(answer=answer))
                answer, size, began = proto.Answer(batch=batch.batch), 0, time.monotonic()
        answer.done = True
        self.said.put(proto.AttachRequest(answer=answer))

    def decide(self, message: Message, decided: proto.Decided) -> tuple[int, int]:
        out = Out(decided, self.room, self.log)
        try:
            verdict = self.handler(message, out)  # type: ignore[misc]
        except Full:
            verdict = None
        if out.full:
            index = decided.delivery
            decided.Clear()
            decided.delivery, decided.overflow = index, True
            return proto.DECISION_UNSPECIFIED, 0
        if not isinstance(verdict, Verdict):
            raise TypeError(f"handle returned {verdict!r}; want a verdict, such as pelton.ack()")
        decided.verdict.CopyFrom(verdict.encode())
        return verdict.decision, out.used(self.room)

    def reduce(self, batch: proto.Reduce) -> None:
        answer, size, began = proto.Folded(batch=batch.batch), 0, time.monotonic()
        for i, fold in enumerate(batch.folds):
            result = answer.results.add(fold=i, content_type=self.content_type)
            try:
                state = self.reducer(fold.key, fold.state, fold.emit)  # type: ignore[misc]
            except ValueError as refusal:
                result.refused, result.reason = True, str(refusal)
            else:
                size += len(state)
                if len(state) > self.room:
                    result.overflow = True
                else:
                    result.state = state
            answer.done = i == len(batch.folds) - 1
            if answer.done or size >= _PART_SIZE or time.monotonic() - began >= _PART_TIME:
                self.said.put(proto.AttachRequest(folded=answer))
                answer, size, began = proto.Folded(batch=batch.batch), 0, time.monotonic()
