"""Plugins for Pelton in Python.

A plugin is a program that the wheel starts; see docs/process.md. This one, in full, lets late flights through::

    import pelton

    def handle(message, out):
        if message.field("delay") > 15:
            out.emit("late", message.payload, key=message.key)
        return pelton.ack()

    pelton.run(handle=handle, outputs=["late"])

``handle`` and ``reduce`` are called by one thread, one message at a time. An exception that leaves them ends the program;
the wheel starts another, and counts a failure of that message only.
"""

from .client import run
from .keep import State
from .message import Message
from .out import Out
from .verdict import Verdict, ack, dead, defer, hold, retry

__all__ = ["Message", "Out", "State", "Verdict", "ack", "dead", "defer", "hold", "retry", "run"]
__version__ = "0.1.0"
