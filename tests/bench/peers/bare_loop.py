"""The least that can be done: aiokafka, the product's decoder, admission and fold, in memory. A crash loses it all."""

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[3]))

from aiokafka import AIOKafkaConsumer

from schemas.admission import admission
from schemas.errors import InvalidEvent
from schemas.fair.file import example_fair_path, load_fair
from schemas.topics import EVENT_TOPICS
from schemas.wire import decoder
from streams.worker.turns import tune_garbage_collector
from streams.fold.engine import Engine
from streams.fold.state import PartitionState
from streams.shown.view import View


async def main(servers: str, group: str, expected: int, lateness_ms: int) -> None:
    engine = Engine(load_fair(example_fair_path()), timedelta(milliseconds=lateness_ms))
    admit = admission(engine.fair)
    decoders = {topic.name: decoder(topic.name) for topic in EVENT_TOPICS}
    states: dict[int, PartitionState] = {}
    consumer = AIOKafkaConsumer(
        *decoders,
        bootstrap_servers=servers,
        group_id=group,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 << 20,
    )
    await consumer.start()
    tune_garbage_collector()
    count, started = 0, 0.0
    decoding = folding = 0.0
    while count < expected:
        runs = await consumer.getmany(timeout_ms=1_000)
        started = started or (perf_counter() if runs else 0.0)
        for tp, run in runs.items():
            decode = decoders[tp.topic]
            events = []
            began = perf_counter()
            for record in run:
                try:
                    event = decode(record.value)
                    admit(event)
                except InvalidEvent as error:
                    events.append((record.offset, error))
                else:
                    events.append((record.offset, event))
            decoded = perf_counter()
            state = states.setdefault(tp.partition, PartitionState())
            engine.apply(state, engine.fold(state, tp.topic, events))
            decoding, folding = decoding + decoded - began, folding + perf_counter() - decoded
            count += len(run)
    seconds = perf_counter() - started
    await consumer.stop()
    result = {
        "records": count,
        "unique": sum(len(state.seen) for state in states.values()),
        "seconds": seconds,
        "decode": decoding,
        "fold": folding,
        "kpis": View(engine, lambda: states).report()["kpis"],
    }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
