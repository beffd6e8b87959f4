"""The suite plugin of the conformance kit (actor/actortest), or with the argument "reducer" the suite reducer."""

import re
import sys
import time
from datetime import datetime, timedelta, timezone

import pelton

count = 0
hoard = []
saves = ("", "")


def start(config):
    if config.get("fail"):
        raise RuntimeError(config["fail"])


def span(text):
    units = {"h": 3600, "m": 60, "s": 1, "ms": 0.001}
    return timedelta(seconds=sum(float(n) * units[u] for n, u in re.findall(r"([0-9.]+)(ms|h|m|s)", text)))


def decide(word, rest):
    if word == "ack":
        return pelton.ack()
    if word == "retry":
        return pelton.retry(span(rest))
    if word == "defer":
        return pelton.defer(datetime.now(timezone.utc) + span(rest))
    if word == "dead":
        return pelton.dead(rest)
    if word == "hold":
        return pelton.hold(span(rest))
    if word == "none":
        return pelton.Verdict(0)
    return None


def emit(message, out, rest):
    n, size = map(int, rest.split(" "))
    for i in range(n):
        out.emit("out", bytes([ord("a") + i % 26]) * size, key=b"%d" % i)


def echo(message, out, rest):
    value = message.field("f", "-")
    out.emit("echo", message.payload + b"|" + message.key + b"|%d|" % message.attempt + str(value).encode(), key=message.key)


def settle(message, out, rest):
    token, word = rest.rsplit(" ", 1)
    verdict = pelton.dead("settled") if word == "dead" else pelton.ack()
    out.settle(token, verdict, [("out", b"settled")])


def flood(payload):
    def run(message, out, rest):
        while True:
            try:
                out.emit("out", payload)
            except Exception:
                pass

    return run


def misbehave(word):
    if word == "trap":
        raise RuntimeError("the suite's trap")
    if word == "hog":
        while True:
            hoard.append(b"x" * (1 << 20))
    while word == "loop":
        pass


def set_saves(message, out, rest):
    global saves
    word, _, rest = rest.partition(" ")
    saves = (word, rest)


def save():
    word, rest = saves
    if word == "refuse":
        raise ValueError(rest)
    misbehave(word)
    state = b"%d" % count
    if word == "big":
        state += b" " * (int(rest) - len(state))
    return pelton.State(int(rest) if word == "version" else 1, state)


def load(state):
    global count
    if state.version == 3:
        misbehave("trap")
    if state.version > 1:
        raise ValueError(f"version {state.version} is too new")
    count = int(state.data)


commands = {
    "emit": emit,
    "emit-undeclared": lambda message, out, rest: out.emit("nowhere", b"x"),
    "echo": echo,
    "type": lambda message, out, rest: out.emit("out", b"typed", content_type=rest),
    "count": lambda message, out, rest: out.emit("out", b"%d" % count),
    "token": lambda message, out, rest: out.emit("out", message.hold_token.encode()),
    "settle": settle,
    "saves": set_saves,
    "log": lambda message, out, rest: out.log("info", rest),
    "flood": flood(bytes(1024)),
    "drip": flood(b""),
    "trap": lambda message, out, rest: misbehave("trap"),
    "loop": lambda message, out, rest: misbehave("loop"),
    "hog": lambda message, out, rest: misbehave("hog"),
    "sleep": lambda message, out, rest: time.sleep(span(rest).total_seconds()),
}


def handle(message, out):
    global count
    count += 1
    verdict = pelton.ack()
    for command in message.payload.decode().split(";"):
        word, _, rest = command.partition(" ")
        given = decide(word, rest)
        if given is not None:
            verdict = given
        elif word in commands:
            commands[word](message, out, rest)
        else:
            return pelton.dead("unknown command " + word)
    return verdict


def fold(key, state, emit):
    word, _, rest = emit.decode().partition(" ")
    if word == "refuse":
        raise ValueError(rest)
    if word == "big":
        return b"x" * int(rest)
    misbehave(word)
    return b"%d" % (int(state or 0) + int(word))


if "reducer" in sys.argv:
    pelton.run(reduce=fold, start=start)
else:
    pelton.run(handle=handle, start=start, save=save, load=load, outputs={"out": "text/plain", "echo": ""})
