"""Who is let in: whom a gate or a hall door asks the register about, and what it may say of a person. Pure."""

from typing import Final

from producers.terminal.card import Card
from schemas.codes import DenyReason, ScanKind, ScanResult
from schemas.errors import InvalidEvent

DOORS: Final = frozenset({"gate", "hall"})
"""Places that let people in, or do not."""

ENTERING: Final = {"gate": ScanKind.ENTRY, "hall": ScanKind.ZONE_IN}
"""The scan with which somebody comes in, by the place of a door."""


def asks_register(card: Card, kind: object, *, decided: bool) -> bool:
    """Return whether the register is asked before a scan is saved: about everybody who comes in at a door.

    Args:
        card: of the place.
        kind: of the scan; None for the first one that the place has.
        decided: whether a person has decided already, or there is no badge.
    """
    entering = ENTERING.get(card.place)
    return card.badge_register and entering is not None and kind in (entering, None) and not decided


def refuse_wrong_decision(place: str, result: ScanResult, reason: DenyReason | None, *, forced: bool) -> None:
    """Raise InvalidEvent if a scan says of a person what its place cannot say, or what contradicts itself."""
    denied = result is ScanResult.DENIED
    if (denied or forced) and place not in DOORS:
        raise _wrong("result", f"a {place} lets nobody in", "turn people away at gates and hall doors only")
    if denied and forced:
        raise _wrong("forced", "who is turned away is not let in", "leave the denial or `forced` out")
    if reason is not None and not denied:
        raise _wrong("reason", "who is let in has no reason to be turned away", "leave the reason out")


def _wrong(field: str, what: str, hint: str) -> InvalidEvent:
    return InvalidEvent("bad_value", f"{field}: {what}", field=field, hint=hint)
