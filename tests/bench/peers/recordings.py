"""Record the topics to a file, replay it through the fold in this process, and back into Kafka; print the times.

    python recordings.py SERVERS FILE LATENESS_MS
"""

import asyncio
import gc
import json
import sys
from datetime import timedelta
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[3]))

from producers.play.pacing import Pace
from producers.play.replay import ReplayPlan, replay
from schemas.fair.file import example_fair_path, load_fair
from schemas.recording.reader import Recording
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS
from streams.history.recorder import record
from streams.history.replay import Replay
from streams.history.reading import Span


def main(servers: str, file: str, lateness_ms: str) -> None:
    path, kafka = Path(file), KafkaSettings(bootstrap_servers=servers)
    fair_file = example_fair_path()
    topics = [topic.name for topic in EVENT_TOPICS]
    taken = asyncio.run(record(kafka, load_fair(fair_file), fair_file.read_bytes(), path, Span(), topics=topics))
    gc.freeze()
    gc.set_threshold(50_000, 20, 1_000)  # as a worker does it
    began = perf_counter()
    final = Replay.of(path, lateness=timedelta(milliseconds=int(lateness_ms))).final()
    in_process = perf_counter() - began
    plan = ReplayPlan(recording=Recording(path), pace=Pace(), kafka=kafka)
    outcome = asyncio.run(replay(plan))
    found = {
        "records": taken.records,
        "bytes": path.stat().st_size,
        "record_s": taken.seconds,
        "in_process_s": in_process,
        "to_kafka_s": outcome.elapsed_s,
        "unique": sum(one["value"] for one in final.report["kpis"]["events"]["windows"]["fair"]),
    }
    print(json.dumps(found))


main(*sys.argv[1:])
