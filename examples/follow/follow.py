"""Follows a session by server-sent events, with nothing but the standard library.

    python3 follow.py ADDR NAME KEY [CURSOR [COUNT]]

Prints a line for each snapshot: its cursor and its payload. It comes back by itself when the connection breaks or the wheel
is away, after the last cursor that it has; what is missing is said. Keep the cursor with what you made of the snapshot, and
the next run goes on from there.
"""

import http.client
import json
import sys
import time
import urllib.parse


class Gone(Exception):
    """What follows the cursor is not there any more; resume is the cursor to go on after."""

    def __init__(self, message, resume):
        super().__init__(message)
        self.resume = resume


def events(addr, path):
    """Yields (event, id, data) of one connection; returns when it ends."""
    connection = http.client.HTTPConnection(addr, timeout=60)  # the wheel sends a comment every 15 s
    try:
        connection.request("GET", path, headers={"Accept": "text/event-stream"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise ConnectionError(f"{answer.status} {answer.reason}")
        event, cursor, data = "", "", []
        for line in answer:
            field, _, value = line.decode().rstrip("\n").partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                event = value
            elif field == "id":
                cursor = value
            elif field == "data":
                data.append(value)
            elif not field and event:
                yield event, cursor, "\n".join(data)
                event, cursor, data = "", "", []
    finally:
        connection.close()


def follow(addr, name, key, cursor=""):
    """Yields (cursor, payload) of every snapshot after cursor, for ever; the empty cursor is the beginning."""
    session = f"/v1/sessions/{urllib.parse.quote(name, safe='')}/{urllib.parse.quote(key, safe='')}/events"
    wait = 0.1
    while True:
        try:
            for event, at, data in events(addr, f"{session}?after={urllib.parse.quote(cursor)}"):
                wait = 0.1
                if event == "snapshot":
                    cursor = at
                    yield cursor, json.loads(data)
                elif event == "error":
                    error = json.loads(data)
                    if error["code"] == "OUT_OF_RANGE":
                        raise Gone(error["message"], error["detail"]["resume"])
                    if error["code"] not in ("UNAVAILABLE", "RESOURCE_EXHAUSTED"):
                        raise RuntimeError(error["message"])
                elif event == "closed" and json.loads(data)["final"]:
                    return
        except (OSError, http.client.HTTPException):
            pass  # away; come back
        time.sleep(wait)
        wait = min(2 * wait, 5)


def main():
    addr, name, key = sys.argv[1:4]
    cursor = sys.argv[4] if len(sys.argv) > 4 else ""
    left = int(sys.argv[5]) if len(sys.argv) > 5 else -1
    while left:
        try:
            for cursor, payload in follow(addr, name, key, cursor):
                print(cursor, json.dumps(payload), flush=True)
                left -= 1
                if not left:
                    return
            return
        except Gone as gone:
            print(f"missing: {gone}", file=sys.stderr)
            cursor = gone.resume


main()
