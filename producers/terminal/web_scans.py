"""Saves what the page read: scans and interactions, one for each line of a burst. Takes one back. Saves meetings."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from producers.terminal.badge_check import CheckedBadge
from producers.terminal.decisions import Decision, decided, saved_before
from producers.terminal.spool import Saved
from producers.terminal.terminal import BoothTerminal
from producers.terminal.web_answers import error_fields
from producers.terminal.web_input import id_of, only, text_of, word_of
from schemas.badges.bursts import read_burst
from schemas.codes import BadgeRole, DenyReason, InteractionKind, MeetingStep, ScanKind, ScanResult, SourceType
from schemas.errors import InvalidEvent, Unavailable

MOST_LINES: Final = 64
"""Lines of one burst; a business card has about ten."""

ENDS: Final = frozenset({"enter", "tab", "silence", "typed"})
"""How the keys of a code ended; `typed` by a person, the others by a scanner."""

Read = tuple[str | InvalidEvent | None, str]
"""A code, None without a badge, or why it is not a code; and the id of its event."""


BadgeChecks = Mapping[str, CheckedBadge | None]
"""The answer of the register about each badge, by the badge's code; None without one."""


def scan_of(terminal: BoothTerminal, fields: Mapping[str, Any], checked: BadgeChecks | None = None) -> dict[str, Any]:
    """Save scans: `ids` and `lines` with their `end`, or `id` and `anonymous`. Return `results`.

    `kind` is the kind, and `role` the badge type, which a fair with a register of badges does not need. At a gate,
    `denied` turns away, with `reason` or without one, and `forced` lets in after a denial.

    Args:
        terminal: paired.
        fields: of the form.
        checked: whom the register turns away; None if it was not asked. Results then say what it says too.
    """
    only(fields, "id", "ids", "lines", "end", "anonymous", "role", "kind", "denied", "reason", "forced")
    kind = word_of(fields, "kind", ScanKind) if "kind" in fields else None
    role = None if terminal.card.badge_register else word_of(fields, "role", BadgeRole)
    read_by = _read_by(fields)
    reason = word_of(fields, "reason", DenyReason) if "reason" in fields else None
    is_forced = fields.get("forced") is True
    by_hand = Decision(ScanResult.DENIED if fields.get("denied") is True else ScanResult.ACCEPTED, reason)

    def save(code: str | None, event_id: str) -> tuple[Saved, dict[str, Any]]:
        if (earlier := saved_before(terminal, event_id)) is not None:
            return earlier[0], _told(earlier[1])
        said = None if checked is None or code is None else checked.get(code)
        decision = decided(said, by_hand)
        saved = terminal.scan(
            code,
            kind=kind,
            role=role,
            read_by=read_by,
            result=decision.result,
            reason=decision.reason,
            forced=is_forced,
            event_id=event_id,
            # A person who lets somebody in by hand means it.
            debounce=not is_forced,
        )
        facts = _told(decision)
        if checked is not None and code is not None:
            facts |= {"checked": said is not None, "known": said is None or said.known}
        return saved, facts

    return _each(_reads(terminal, fields), save)


def _told(decision: Decision) -> dict[str, Any]:
    return {"denied": True, "reason": decision.reason} if decision.denied else {}


def codes_of(terminal: BoothTerminal, fields: Mapping[str, Any]) -> list[str]:
    """Return the codes of a form that are not saved yet, without those that are refused or that a burst lacks."""
    return [
        code
        for code, event_id in _reads(terminal, fields)
        if isinstance(code, str) and saved_before(terminal, event_id) is None
    ]


def interaction_of(terminal: BoothTerminal, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Save interactions: codes as for a scan, `exhibit`, `kind`. Return `results`."""
    only(fields, "id", "ids", "lines", "end", "anonymous", "exhibit", "kind")
    exhibit, kind = text_of(fields, "exhibit"), word_of(fields, "kind", InteractionKind)
    read_by = _read_by(fields)

    def save(code: str | None, event_id: str) -> tuple[Saved, dict[str, Any]]:
        return terminal.interact(exhibit, kind, badge=code, read_by=read_by, event_id=event_id, debounce=True), {}

    return _each(_reads(terminal, fields), save)


def _read_by(fields: Mapping[str, Any]) -> SourceType:
    return SourceType.MANUAL if fields.get("end") == "typed" else SourceType.QR


def meeting_of(terminal: BoothTerminal, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Save a step of a meeting: `id` of the event, `meeting`, `step`, `exhibitor`. Return its number and id."""
    only(fields, "id", "meeting", "step", "exhibitor")
    step, exhibitor = word_of(fields, "step", MeetingStep), text_of(fields, "exhibitor", "") or None
    saved = terminal.meeting(text_of(fields, "meeting"), step, exhibitor=exhibitor, event_id=id_of(fields.get("id")))
    return {"seq": saved.seq, "id": saved.event_id}


def undo_of(terminal: BoothTerminal, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Take the event `target` back; `id` is the id of the annulment. Return its number and id."""
    only(fields, "id", "target")
    saved = terminal.annul(id_of(fields.get("target")), event_id=id_of(fields.get("id")))
    return {"seq": saved.seq, "id": saved.event_id}


def _each(reads: list[Read], save: Callable[[str | None, str], tuple[Saved, dict[str, Any]]]) -> dict[str, Any]:
    """Save one after the other: one that cannot be saved does not stop the others.

    Args:
        reads: what was read.
        save: saves a code under an id; returns what was saved, and what else the page is told of it.
    """
    results: list[dict[str, Any]] = []
    for code, event_id in reads:
        if isinstance(code, InvalidEvent):
            results.append(error_fields(code))
            continue
        try:
            saved, facts = save(code, event_id)
        except InvalidEvent as error:
            results.append(error_fields(error))
        except Unavailable as error:
            if len(reads) == 1:
                raise
            results.append(error_fields(error))
        else:
            results.append({"seq": saved.seq, "id": saved.event_id, "again": saved.again, **facts})
    return {"results": results}


def _reads(terminal: BoothTerminal, fields: Mapping[str, Any]) -> list[Read]:
    if fields.get("anonymous") is True:
        return [(None, id_of(fields.get("id")))]
    ids, lines = (value if isinstance(value := fields.get(name), list) else [] for name in ("ids", "lines"))
    if not lines or len(ids) != len(lines) or fields.get("end") not in ENDS:
        raise InvalidEvent("missing_field", "ids, lines, end: not a burst of a scanner", hint="reload the page")
    if len(lines) > MOST_LINES:
        raise InvalidEvent("bad_value", "lines: too many", field="lines", hint="scan one badge at a time")
    # A burst has at most one code or refusal per line; a business card is one refusal.
    read = read_burst([text_of({"line": line}, "line") for line in lines], terminal.card.badge_codes)
    return list(zip(read, map(id_of, ids), strict=False))
