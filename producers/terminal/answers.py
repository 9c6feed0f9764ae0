"""The meaning of a server's answer for each event that was sent. Pure: no disk, no network, no clock.

An event leaves the spool only after a final answer of the gateway itself about this very event. Any other answer keeps
it, even a captive portal's "200 OK" or a proxy's error page. Sending twice is harmless: each event counts once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from producers.terminal.answer_reading import all_named, asked_s, cause_of, is_ours, object_in, refusal
from producers.terminal.spool_types import Refusal, Waiting
from producers.terminal.trouble import NONE, Trouble, told
from schemas.api.http import Outcome

ABOUT_THE_EVENT: Final = frozenset({"rejected", "event_id_conflict", "body_too_large", "event_too_large"})
"""Codes of problems that are about the event if the request had only one. Others are about the request itself."""

REFUSED: Final = Trouble(message="refused by the gateway")


class Then(Enum):
    """What the sender does next."""

    GO_ON = "go on"
    WAIT = "wait, then send the same again"
    FEWER = "send fewer at once"
    SKIP = "leave this event for later and send the next ones"
    REPAIR = "stop until somebody pairs the terminal again"
    ALERT = "wait, and tell somebody: the server or this program is wrong"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of the events of one request.

    Attributes:
        delivered, duplicates: sequence numbers of events that are safe on the server.
        refused: events that it will never accept as they are; they go to the drawer.
        wait_s: seconds that the server asked for, 0 if it did not.
        problem: for the status line.
        if_an_event: the problem if one of the events is why the server fails, however often it is asked.
    """

    then: Then
    delivered: tuple[int, ...] = ()
    duplicates: tuple[int, ...] = ()
    refused: tuple[Refusal, ...] = ()
    wait_s: float = 0
    problem: Trouble = NONE
    if_an_event: Trouble = NONE


UNKNOWN: Final = Verdict(Then.WAIT, problem=Trouble(message="no answer"))
"""A network error or a timeout: the server may or may not have the events. The sender says which as its problem."""


def judge(status: int, headers: Mapping[str, str], body: bytes, sent: Sequence[Waiting], now_s: float) -> Verdict:
    """Return the verdict on an answer.

    Args:
        status: of the HTTP response.
        headers: their names may be in any case.
        body: as received, perhaps cut off.
        sent: the events of the request in their order, at least one.
        now_s: this terminal's clock in seconds since 1970, to read a Retry-After that is a date.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    content = object_in(body)
    ours = is_ours(lower, content)
    asked = asked_s(lower, content if ours else {}, now_s)
    match status:
        case 202:
            return _all_stored(content, sent)
        case 207:
            return _one_by_one(content, sent)
        case 409 | 413 | 422 if ours:
            return _refused(content, sent, status)
        case 400 if ours:
            return _not_understood(content, sent, status)
    match cause_of(status, from_gateway=ours, code=content.get("code")):
        case "token" | "wrong_fair" as cause:
            return Verdict(Then.REPAIR, problem=told(cause))
        case "asked_to_slow_down" as cause:
            return Verdict(Then.WAIT, wait_s=asked, problem=told(cause))
        case "server_not_ready" as cause:
            # A gateway that asks to wait knows why. A proxy that fails, or a bug, may stumble over an event.
            other = told("program_old" if ours else "proxy", status=str(status))
            doubtful = not ours or content.get("code") == "bug"
            return Verdict(Then.WAIT, wait_s=asked, problem=told(cause), if_an_event=other if doubtful else NONE)
        case "program_old" as cause:
            return Verdict(Then.ALERT, wait_s=asked, problem=told(cause, status=str(status)))
        case "portal" as cause if status >= 300:
            return Verdict(Then.ALERT, wait_s=asked, problem=told(cause, status=str(status)))
        case cause:
            return _somebody_else(sent, status, asked, cause)


def _all_stored(content: Mapping[str, Any], sent: Sequence[Waiting]) -> Verdict:
    """Believe a 202 only if its count matches what was sent."""
    accepted, duplicates = content.get("accepted"), content.get("duplicates", 0)
    counted = type(accepted) is int and type(duplicates) is int and min(accepted, duplicates) >= 0
    if not counted or len(sent) not in (accepted, accepted + duplicates):
        return Verdict(Then.ALERT, problem=told("proxy", status="202"))
    numbers = tuple(one.seq for one in sent)
    if duplicates == len(sent):
        return Verdict(Then.GO_ON, duplicates=numbers)
    return Verdict(Then.GO_ON, delivered=numbers)


def _one_by_one(content: Mapping[str, Any], sent: Sequence[Waiting]) -> Verdict:
    """Read results by index and id; an event without a matching result is kept."""
    found: dict[Any, list[int]] = {outcome: [] for outcome in Outcome}
    refused = []
    for one, result in all_named(content.get("results"), sent):
        outcome = result.get("outcome")
        if outcome == Outcome.REJECTED:
            refused.append(refusal(one, result))
        if isinstance(outcome, str) and outcome in found:
            found[outcome].append(one.seq)
    answered = [seq for numbers in found.values() for seq in numbers]
    complete = len(set(answered)) == len(answered) == len(sent)
    return Verdict(
        Then.GO_ON if complete else Then.ALERT,
        tuple(found[Outcome.ACCEPTED]),
        tuple(found[Outcome.DUPLICATE]),
        tuple(refused),
        problem=told("proxy", status="207") if not complete else REFUSED if refused else NONE,
    )


def _refused(content: Mapping[str, Any], sent: Sequence[Waiting], status: int) -> Verdict:
    """Move into the drawer what the gateway's problem is about: the events that it names, or the only one sent."""
    reasons: dict[int, Refusal] = {}
    for one, error in all_named(content.get("errors"), sent):
        reasons.setdefault(one.seq, refusal(one, error))
    if not reasons and len(sent) == 1 and str(content.get("code")) in ABOUT_THE_EVENT:
        reasons[sent[0].seq] = refusal(sent[0], content)
    if reasons:
        return Verdict(Then.GO_ON, refused=tuple(reasons.values()), problem=REFUSED)
    return _fewer_or_skip(sent, "program_old", status)


def _not_understood(content: Mapping[str, Any], sent: Sequence[Waiting], status: int) -> Verdict:
    """Keep everything: a 400 is this program's fault, and never the end of an event.

    Events that are not CloudEvents, by their names, wait in the drawer for another program or pairing, and the others
    are sent again without them. One that is refused alone stays in the spool, and the others pass it.
    """
    errors = content.get("errors") if content.get("code") == "not_a_cloudevent" else None
    named = {one.seq: refusal(one, error) for one, error in reversed(all_named(errors, sent))}
    if named:
        return Verdict(Then.GO_ON, refused=tuple(named[seq] for seq in sorted(named)), problem=REFUSED)
    return _fewer_or_skip(sent, "program_old", status)


def _somebody_else(sent: Sequence[Waiting], status: int, asked: float, cause: str) -> Verdict:
    """Find the event that something on the way does not let through, and leave it here.

    Firewalls say so with all kinds of statuses: 403, 405, 406, 501, also with a page and 200, as a login page does.
    """
    return _fewer_or_skip(sent, cause, status, asked)


def _fewer_or_skip(sent: Sequence[Waiting], cause: str, status: int, asked: float = 0) -> Verdict:
    then = Then.FEWER if len(sent) > 1 else Then.SKIP
    return Verdict(then, wait_s=asked, problem=told(cause, status=str(status)))
