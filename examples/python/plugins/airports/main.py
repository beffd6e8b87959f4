"""Folds the delays of an airport's flights into one state."""

import json

import pelton


def fold(key, state, emit):
    airport = json.loads(state or b'{"flights":0,"late":0,"mean_delay":0,"worst":-1440}')
    event = json.loads(emit)
    # Delays are whole minutes, so their sum is found again exactly, and the mean never drifts.
    total = round(airport["mean_delay"] * airport["flights"]) + event["delay"]
    airport["flights"] += 1
    airport["late"] += event["late"]
    airport["mean_delay"] = total / airport["flights"]
    airport["worst"] = max(airport["worst"], event["delay"])
    return json.dumps({"airport": key.decode(), **airport}).encode()


pelton.run(reduce=fold)
