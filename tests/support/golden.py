"""The KPIs of a recording, from the oracle and from today's fold, in the same form."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from schemas.recording.frames import RecordedRecord
from schemas.recording.reader import Recording
from streams.audit.compare import differences, must_know
from streams.audit.recount.oracle import LabelSet, Oracle, Recounted
from streams.shown.answers import Number, shown
from tests.support.builders import LATENESS


def oracle_of(recording: Recording, records: Iterable[RecordedRecord] | None = None) -> Oracle:
    oracle = Oracle(recording.fair_file(), LATENESS, recording.header.partitions)
    taken = recording.records() if records is None else records
    return oracle.read((one.topic, one.partition, one.offset, one.key, one.value) for one in taken)


def expected_of(path: Path) -> bytes:
    """Return the oracle's KPIs of the days and the fair."""
    return spelled(oracle_of(Recording(path)).kpis())


def parting(recording: Recording, report: Mapping[str, Any]) -> list[Number]:
    """Return the numbers of days and the fair in which a report of the fold differs from the oracle."""
    return [one for one in differences(oracle_of(recording), [report]) if not one.window.endswith("m")]


def found_in(report: Mapping[str, Any]) -> bytes:
    """Return the days' and the fair's KPIs of a worker's or a replay's report. All of them are in the recount."""
    must_know(report["kpis"])
    return spelled({name: shown(name, [report]) for name in report["kpis"]})


def spelled(kpis: Mapping[str, Mapping[str, Mapping[LabelSet, Recounted]]]) -> bytes:
    """Return KPIs as text without what is zero: by name, window, labels."""
    plain = {
        name: {
            window: {
                labels_text(labels): value
                for labels, value in sorted(cells.items(), key=lambda one: sorted(one[0]))
                if any(parts(value))
            }
            for window, cells in sorted(windows.items())
            if not window.endswith("m") and any(any(parts(value)) for value in cells.values())
        }
        for name, windows in sorted(kpis.items())
    }
    return json.dumps({name: windows for name, windows in plain.items() if windows}, indent=1).encode() + b"\n"


def labels_text(labels: LabelSet) -> str:
    return ",".join(f"{name}={value}" for name, value in sorted(labels))


def parts(value: Recounted) -> tuple[int, ...]:
    return (value,) if isinstance(value, int) else value
