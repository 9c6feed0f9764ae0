"""A stand-in for a worker, where a test is about logs: it folds what Kafka holds when told to, and answers /kpis."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typing_extensions import override

from schemas.fair.file import example_fair_path, load_fair
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS
from schemas.witness import witness_of
from streams.fold.decoding import Decoding
from streams.fold.engine import Engine
from streams.fold.state import PartitionState
from streams.history.reading import Span, reading
from streams.shown.view import View
from tests.support.builders import LATENESS


class FoldedWorker:
    """Attributes:
    url: of the worker.
    report: what /kpis answers; a test may change it.
    """

    def __init__(self, servers: str, url: str) -> None:
        self.url = url
        self.report: dict[str, Any] = {}
        self._kafka = KafkaSettings(bootstrap_servers=servers)

    def fold(self, *, witnesses: bool = True) -> None:
        """Fold everything that was committed, from the beginning.

        Args:
            witnesses: tell the newest record of each log, as workers of today do.
        """
        asyncio.run(self._fold(witnesses=witnesses))

    async def _fold(self, *, witnesses: bool) -> None:
        fair = load_fair(example_fair_path())
        engine, decoding = Engine(fair, LATENESS), Decoding(fair)
        states: dict[int, PartitionState] = {}
        told: dict[str, dict[str, tuple[int, int, int]]] = {}
        topics = [topic.name for topic in EVENT_TOPICS]
        async with reading(self._kafka, topics, Span()) as reader, aclosing(reader.batches()) as batches:
            for number in range(max(reader.partitions.values())):
                states[number] = PartitionState()
            async for batch in batches:
                for one in batch:
                    state, event = states[one.partition], decoding.one(one.topic, one.value)
                    engine.apply(state, engine.fold(state, one.topic, [(one.offset, event)]))
                    newest = witness_of(one.offset, one.timestamp_ms, one.key, one.value)
                    told.setdefault(str(one.partition), {})[one.topic] = (
                        newest.offset,
                        newest.time_ms,
                        newest.checksum,
                    )
        report = View(engine, lambda: states).report()
        self.report = report | ({"witnesses": told} if witnesses else {})


@contextmanager
def folded_worker(servers: str) -> Iterator[FoldedWorker]:
    """Serve /kpis for a block."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(worker.report).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        worker = FoldedWorker(servers, f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield worker
        finally:
            server.shutdown()
            thread.join()
