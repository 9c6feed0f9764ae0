"""Records that are not events: a broken terminal sends them, each with the reason it must be refused for."""

import json
from collections.abc import Callable
from random import Random
from typing import Any, Final, NamedTuple

from producers.play.simulator.emission import BadRecord, Emission
from schemas.topics import DEALS, SCANS

Members = dict[str, Any]


class Fault(NamedTuple):
    """One way to break an event.

    Attributes:
        reason: what a worker must say, one of `schemas.wire.REASONS`.
        topic: the only topic whose events can be broken so; empty for all.
        change: changes the members of a good event.
    """

    reason: str
    topic: str
    change: Callable[[Members], Members]


def _elsewhere(members: Members) -> Members:
    place = {"entry": "gate_id", "exit": "gate_id", "booth": "booth_id"}.get(members["scan_kind"], "hall_id")
    kind = "zone_in" if members["scan_kind"] == "session" else members["scan_kind"]
    return {**members, "scan_kind": kind, place: "hall-of-mirrors"}


def _without(name: str) -> Callable[[Members], Members]:
    return lambda members: {key: value for key, value in members.items() if key != name}


def _with(**more: Any) -> Callable[[Members], Members]:
    return lambda members: {**members, **more}


FAULTS: Final = (
    Fault("unknown_place", SCANS.name, _elsewhere),
    Fault("missing_field", "", _without("occurred_at")),
    Fault("bad_value", "", _with(received_at="yesterday")),
    Fault("wrong_fair", "", _with(fair_id="another-fair")),
    Fault("unknown_type", "", _with(type="fair.visitor.teleported.v9")),
    Fault("unknown_currency", DEALS.name, _with(value_minor=1, currency="XXX")),
)
"""Faults that leave JSON; two more, cut off and empty, are in `broken`."""


def broken(good: Emission, chance: Random) -> Emission:
    """Return a broken form of a good emission, with the same place and a few milliseconds earlier.

    It carries the good one's event id: refusing it must not make the good one a duplicate.
    A cancellation has no currency to be wrong, so a deal's own fault is only one for its terms.
    """
    choice = int(chance.random() * (len(FAULTS) + 2))
    if choice == len(FAULTS):
        return _as(good, "not_json", good.value[: len(good.value) // 2])
    if choice == len(FAULTS) + 1:
        return _as(good, "empty", b"")
    fault = FAULTS[choice]
    members = json.loads(good.value)
    if fault.topic not in ("", good.topic) or (fault.topic == DEALS.name and "stage" not in members):
        fault = FAULTS[1]
    value = json.dumps(fault.change(members), separators=(",", ":")).encode()
    return _as(good, fault.reason, value)


def _as(good: Emission, reason: str, value: bytes) -> Emission:
    return good._replace(value=value, fact=BadRecord(reason), resent=False, suspect=False, source="")
