"""A worker's log on a bad day names partitions, offsets, numbers of records, and durations."""

import os
from typing import Any

import pytest
import structlog
from faust.types import TP
from structlog.testing import LogCapture

from schemas.errors import InvalidEvent, MustStop
from streams.fold.journal import PartitionJournal
from streams.worker import failstop, store, turns
from streams.worker.app import Worker
from tests.support.still_kafka import EVENTS, journal_chunk, on_still_kafka


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The logged lines: event and fields."""
    capture = LogCapture()
    for module in (store, turns, failstop):
        monkeypatch.setattr(module, "log", structlog.wrap_logger(None, processors=[capture]))
    return capture.entries


def named(lines: list[Any], event: str) -> Any:
    """Return the only line with this event."""
    [line] = [line for line in lines if line["event"] == event]
    return line


def written(worker: Worker) -> bytes:
    """Return the first journal record of a new writer, for a chunk with one refused record."""
    journal = PartitionJournal(worker.engine)
    journal.start_writing(b"writer-1")
    refused = InvalidEvent("not_json", "no event")
    return journal.write(worker.engine.fold(journal.state, EVENTS.topic, [(0, refused)]))[1]


async def test_partitions_come_and_go_with_their_numbers_and_journal_offsets(worker: Worker, lines: list[Any]) -> None:
    states, journal = worker.states, TP(worker.journal.name, 0)
    states.assigned({0, 1}, set())
    states.apply(journal, journal_chunk(0, written(worker)))
    states.recovered({0, 1})
    assert named(lines, "partitions assigned")["gained"] == [0, 1]
    assert named(lines, "recovery started")["journal_from"] == {0: 0, 1: 0}
    recovered = named(lines, "recovery finished")
    assert (recovered["partitions"], recovered["journal_to"], recovered["records"]) == ([0, 1], {0: 1, 1: 0}, 1)
    assert recovered["seconds"] >= 0
    lines.clear()
    states.assigned({0}, {2})
    told = named(lines, "partitions assigned")
    assert (told["active"], told["standby"], told["gained"], told["revoked"]) == ([0], [2], [], [1])
    assert named(lines, "recovery started")["journal_from"] == {0: 1}


async def test_a_record_of_a_worker_that_had_lost_its_partition_is_named_with_its_writer(
    worker: Worker, lines: list[Any]
) -> None:
    first, other = written(worker), written(worker)
    worker.states.apply(TP(worker.journal.name, 3), journal_chunk(0, first, other))
    [line] = lines
    assert line["log_level"] == "warning"
    assert (line["topic"], line["partition"], line["offset"]) == (worker.journal.name, 3, 1)
    assert len(bytes.fromhex(line["writer"])) == 8


async def test_a_rebalance_is_logged_with_its_seconds(worker: Worker, lines: list[Any]) -> None:
    on_still_kafka(worker, EVENTS)
    worker.states.active = frozenset({4})
    worker.app.on_rebalance_start()
    worker.app.on_rebalance_return()
    worker.app.on_rebalance_end()
    assert named(lines, "rebalance started")["active"] == [4]
    finished = named(lines, "rebalance finished")
    assert finished["active"] == [4]
    assert finished["seconds"] >= 0


class Ended(BaseException):
    """Raised where the process would end."""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MustStop("a hole", hint="mend it"), {"kind": "MustStop"}),
        (KeyError("x"), {"kind": "KeyError"}),
    ],
)
def test_leaving_says_what_and_where_and_why_or_the_traceback(
    lines: list[Any], monkeypatch: pytest.MonkeyPatch, error: Exception, told: dict[str, str]
) -> None:
    def end(code: int) -> None:
        raise Ended(code)

    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(failstop.logging, "shutdown", lambda: None)
    with pytest.raises(Ended, match="70"):
        failstop.leave("it went wrong", error, partition=3)
    line = named(lines, "ending the process")
    assert line["log_level"] == "critical"
    assert {**told, "what": "it went wrong", "partition": 3, "error": error}.items() <= line.items()
    assert line.get("exc_info") is (error if isinstance(error, KeyError) else None)
