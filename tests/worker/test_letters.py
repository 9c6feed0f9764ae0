"""Dead letters of a worker: each has the partition number of the refused record."""

from dataclasses import replace
from typing import Any

import faust
import pytest

from schemas.partitioning import Partitioner
from streams.worker import app
from streams.worker.app import Worker


class Sent:
    """Kafka's answer to a record."""

    offset = 17
    timestamp = 1_700_000_000_000

    def __await__(self) -> Any:
        return self
        yield


async def test_a_letter_lies_where_the_declaration_of_its_topic_says(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, int, bytes]] = []

    async def send(topic: Any, *, key: bytes, partition: int, **_: Any) -> Sent:
        sent.append((topic.get_topic_name(), partition, key))
        return Sent()

    monkeypatch.setattr(faust.Topic, "send", send)
    assert (await worker.folding._bury(5, b"fair.scans-5-9", b"{}")).offset == 17
    other = Partitioner("the last one", lambda _key, partitions, _about: partitions - 1)
    monkeypatch.setattr(app, "REJECTED", replace(app.REJECTED, partitioner=other))
    await worker.folding._bury(5, b"fair.scans-5-9", b"{}")
    assert sent == [("fair.rejected", 5, b"fair.scans-5-9"), ("fair.rejected", 7, b"fair.scans-5-9")]
