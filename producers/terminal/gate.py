"""Who is let in: what a gate or a hall door may say of a person. Pure."""

from typing import Final

from schemas.codes import DenyReason, ScanResult
from schemas.errors import InvalidEvent

DOORS: Final = frozenset({"gate", "hall"})
"""Places that let people in, or do not."""


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
