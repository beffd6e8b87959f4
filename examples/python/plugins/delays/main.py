"""Tells each flight's delay to the airport it leaves from, and passes on the flights that are late."""

import json

import pelton

late_after = 15  # minutes; more is late


def start(config):
    global late_after
    late_after = config.get("late_after", late_after)


def handle(message, out):
    delay = message.field("delay")
    if not isinstance(delay, int):
        return pelton.dead("delay is not a number of minutes")
    late = delay > late_after
    out.emit("airports", json.dumps({"delay": delay, "late": late}).encode(), key=message.key)
    if late:
        out.emit("late", message.payload, key=message.key)
    return pelton.ack()


pelton.run(handle=handle, start=start, outputs=["airports", "late"])
