"""The parts of the SDK that need no wheel; the rest is tested by the conformance kit."""

import unittest
from datetime import datetime, timedelta, timezone

import pelton
from pelton.keep import loaded, saved
from pelton.out import Full
from pelton.plugin.v1 import plugin_pb2 as proto


def message(payload=b"", fields=(), **more):
    wire = proto.Delivery(payload=payload, **more)
    for index, (text, kind) in enumerate(fields):
        wire.fields.add(field=index, offset=payload.index(text), length=len(text), kind=kind)
    return pelton.Message(wire, {chr(ord("a") + i): i for i in range(len(fields) + 1)})


class TestMessage(unittest.TestCase):
    def test_fields(self):
        payload = rb'{"a":"x","b":"caf\u00e9","c":-25,"d":2.5,"e":true,"f":null,"g":[1],"h""i"}'
        m = message(
            payload,
            [
                (b"x", proto.KIND_STRING),
                (rb"caf\u00e9", proto.KIND_ESCAPED),
                (b"-25", proto.KIND_NUMBER),
                (b"2.5", proto.KIND_NUMBER),
                (b"true", proto.KIND_BOOL),
                (b"null", proto.KIND_NULL),
                (b"[1]", proto.KIND_JSON),
                (b'h""i', proto.KIND_QUOTED),
            ],
        )
        self.assertEqual([m.field(c) for c in "abcdefgh"], ["x", "café", -25, 2.5, True, None, [1], 'h"i'])
        self.assertEqual((m.field("i", "-"), m.field("z", 3)), ("-", 3))

    def test_meta(self):
        m = message(b'{"a":1}', key=b"", time=1_500_000_000, first_seen=-(1 << 63), attempt=2)
        self.assertEqual((m.key, m.attempt, m.json()), (b"", 2, {"a": 1}))
        self.assertEqual(m.time, datetime(1970, 1, 1, 0, 0, 1, 500_000, timezone.utc))
        self.assertIsNone(m.first_seen)
        self.assertIsNone(message().key)


class TestVerdict(unittest.TestCase):
    def test_times(self):
        self.assertEqual(pelton.retry(1.5).nanos, 1_500_000_000)
        self.assertEqual(pelton.hold(timedelta(days=2, microseconds=1)).nanos, 172_800_000_001_000)
        self.assertEqual(pelton.defer(datetime(1970, 1, 2)).nanos, 86_400_000_000_000)
        zone = timezone(timedelta(hours=1))
        self.assertEqual(pelton.defer(datetime(1970, 1, 1, 1, tzinfo=zone)).nanos, 0)

    def test_wire(self):
        wire = pelton.defer(datetime(1970, 1, 1)).and_pass().because("later").encode()
        self.assertTrue(getattr(wire, "pass"))
        self.assertEqual((wire.decision, wire.reason), (proto.DECISION_DEFER, "later"))
        self.assertEqual(pelton.dead("no").encode().reason, "no")


class TestOut(unittest.TestCase):
    def test_room(self):
        decided = proto.Decided()
        out = pelton.Out(decided, 100, lambda level, text: None)
        out.emit("a", b"1234", key=b"", content_type="text/plain")
        with self.assertRaises(Full):
            out.emit("a", bytes(40))
        self.assertTrue(out.full)
        self.assertEqual(len(decided.emits), 1)
        self.assertTrue(decided.emits[0].HasField("key"))

    def test_settle(self):
        decided = proto.Decided()
        out = pelton.Out(decided, 1000, lambda level, text: None)
        out.settle("t/1", pelton.ack(), [("a", b"1"), ("a", b"2", b"k")])
        emits = decided.settlements[0].emits
        self.assertEqual([(e.payload, e.HasField("key")) for e in emits], [(b"1", False), (b"2", True)])


class TestKeep(unittest.TestCase):
    def test_parts(self):
        for size in (0, 1, 256 << 10, (256 << 10) + 1, 1 << 20):
            state = bytes(i % 251 for i in range(size))
            parts = list(saved(lambda: pelton.State(7, state), proto.Save(limit=1 << 20, batch=3)))
            self.assertEqual(b"".join(p.part for p in parts), state)
            self.assertEqual([p.done for p in parts], [False] * (len(parts) - 1) + [True])
            self.assertTrue(all(p.part and len(p.part) <= 256 << 10 for p in parts[:-1]))
            self.assertEqual((parts[-1].version, {p.batch for p in parts}), (7, {3}))

    def test_no_state(self):
        def refuse(*_):
            raise ValueError("not now")

        ask = proto.Save(limit=4)
        (excess,) = saved(lambda: pelton.State(1, b"12345"), ask)
        (refused,) = saved(refuse, ask)
        self.assertEqual((excess.excess, excess.part, excess.done), (5, b"", True))
        self.assertEqual((refused.refusal, refused.done), ("not now", True))
        self.assertEqual(loaded(refuse, proto.Load(batch=2)), proto.Loaded(batch=2, refusal="not now"))


if __name__ == "__main__":
    unittest.main()
