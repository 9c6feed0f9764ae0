"""The KPIs of a recording as of a moment, as plain data: for tests in any language, and for readers."""

from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from schemas.errors import InvalidSettings
from schemas.kinds import quoted
from schemas.outputs import warn
from schemas.recording.inspection import warn_of_nothing, warn_of_part
from schemas.recording.reader import Recording
from schemas.times import AFTER_LAST, FIRST, epoch_ms, from_epoch_ms, instant_text, venue_ms
from streams.history.replay import Replay


def kpis_then(
    path: Path, time: str | None, names: Collection[str], fair_file: Path | None, lateness: timedelta
) -> dict[str, Any]:
    """Return what the KPIs were at a time, or after the last record if none is given; all KPIs without names.

    It is what the fixture `replay` gives: `fair`, `at`, `window_end`, and `kpis` as /kpis of a worker has them. A time
    before the first event or after the last one, and a recording that was cut after that time, give a warning on
    standard error.

    Raises:
        InvalidSettings: the time is not one.
        InvalidRecording: the file is not a recording, or is cut before that time.
        InvalidFairFile: the fair file inside, or the one given, cannot be read.
    """
    recording = Recording(path)
    warn_of_nothing(recording)
    warn_of_part(recording)
    replay = Replay.of(path, fair_file=fair_file, lateness=lateness)
    at_ms = None if time is None else _milliseconds(time, replay.zone)
    report = (replay.final() if at_ms is None else replay.at(from_epoch_ms(at_ms))).report
    if at_ms is not None:
        _warn(recording, at_ms, replay.zone)
    return {
        "fair": report["fair"],
        "at": None if at_ms is None else instant_text(from_epoch_ms(at_ms)),
        "window_end": report["window_end"],
        "kpis": {name: kpi for name, kpi in report["kpis"].items() if not names or name in names},
    }


def _milliseconds(time: str, zone: ZoneInfo) -> int:
    try:
        milliseconds = venue_ms(time, zone)
    except (ValueError, OverflowError):
        milliseconds = -1
    if not epoch_ms(FIRST) <= milliseconds < epoch_ms(AFTER_LAST):
        raise InvalidSettings(
            f"--at: {quoted(time)} is not a time",
            hint="write the venue's time, as 2025-09-12T09:30, or one with an offset",
        )
    return milliseconds


def _warn(recording: Recording, at_ms: int, zone: ZoneInfo) -> None:
    """Say on standard error why numbers may be other than somebody expects."""
    header = recording.header
    if not header.complete:
        warn(f"{recording.path.name} is cut; all that was received by --at is in it")
    elif header.first_arrival and header.last_arrival:
        first, last = map(datetime.fromisoformat, (header.first_arrival, header.last_arrival))
        if at_ms < epoch_ms(first):
            warn(f"--at is before the first event in {recording.path.name}, {_local(first, zone)}: nothing is counted")
        elif at_ms > epoch_ms(last) + 60_000:
            warn(f"--at is after the last event in {recording.path.name}, {_local(last, zone)}")


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%Y-%m-%dT%H:%M:%S} in {zone.key}"
