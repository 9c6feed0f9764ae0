"""The simulator's ledger equals a recount of what was sent, by other code: the oracle of the tests."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka.partitioner import DefaultPartitioner

from producers.simulator.ledger import Ledger
from producers.simulator.scenarios import scenario_named
from producers.simulator.stream import emissions
from schemas.fair_file import example_fair_path, load_fair
from tests.support.oracle import Labels, Oracle, Value
from tests.support.oracle_compare import shown

PARTITIONS = list(range(4))


@pytest.mark.parametrize(("scenario", "seed"), [("fair_day", 1), ("reconnect_flush", 2), ("ceremony_burst", 3)])
def test_the_ledger_equals_a_recount_from_the_bytes(scenario: str, seed: int) -> None:
    path = example_fair_path()
    fair = load_fair(path)
    ledger = Ledger(fair)
    place, offsets, records = DefaultPartitioner(), {}, []
    for emission in emissions(fair, replace(scenario_named(scenario), visitors=800), seed):
        ledger.book(emission)
        partition = place(emission.key, PARTITIONS, PARTITIONS)
        offset = offsets[emission.topic, partition] = offsets.get((emission.topic, partition), -1) + 1
        records.append((emission.topic, partition, offset, emission.key, emission.value))
    recount = Oracle(path, lateness_s=30)
    recount.read(records)
    booked = {name: {"windows": windows} for name, windows in ledger.kpis().items()}
    for name in booked:
        told = shown(name, [{"kpis": booked}])
        counted = recount.kpis()[name]
        for window in told.keys() | counted.keys():
            assert nonzero(told.get(window, {})) == nonzero(counted.get(window, {})), (name, window)


def nonzero(cells: Mapping[Labels, Value]) -> dict[Labels, Value]:
    return {labels: value for labels, value in cells.items() if value}


def test_a_ledger_is_written_whole_and_leaves_no_part_behind(tmp_path: Path) -> None:
    file = tmp_path / "ledger.json"
    Ledger(load_fair(example_fair_path("small"))).write(file)
    assert json.loads(file.read_text())["kpis"]["events"] == {"day": {}, "fair": []}
    assert list(tmp_path.iterdir()) == [file]
