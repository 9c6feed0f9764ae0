"""Quix Streams for the part that it can do: counts and durations by key, in tumbling minutes, with its changelog.

No check of the events, no duplicates, no distinct counts, one topic. Runs in an environment of its own:
`quix.py SERVERS ID RECORDS TOPIC STATE_DIRECTORY`.
"""

import gc
import json
import sys
from datetime import datetime, timedelta
from time import perf_counter

from quixstreams import Application

SERVERS, ID, EXPECTED, TOPIC, STATE = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]

count = 0
started = 0.0


def happened(value, headers, timestamp, timestamp_type):
    return int(datetime.fromisoformat(value["occurred_at"]).timestamp() * 1_000)


def seen(value):
    global count, started
    if not started:
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 1_000)
        started = perf_counter()
    count += 1
    return value


def add(total, value):
    return [total[0] + 1, total[1] + (value.get("duration_ms") or 0)]


app = Application(
    broker_address=SERVERS, consumer_group=ID, auto_offset_reset="earliest", state_dir=STATE, loglevel="ERROR"
)
topic = app.topic(TOPIC, value_deserializer="json", timestamp_extractor=happened)
frame = app.dataframe(topic).apply(seen)
frame = (
    frame.tumbling_window(timedelta(seconds=60), grace_ms=3_600_000)
    .reduce(add, lambda value: add([0, 0], value))
    .current()
)

if __name__ == "__main__":
    app.run(count=EXPECTED)
    print(json.dumps({"records": count, "unique": count, "seconds": perf_counter() - started}), flush=True)
