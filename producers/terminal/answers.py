"""The meaning of a server's answer for each event that was sent. Pure: no disk, no network, no clock.

An event leaves the spool only after a final answer of the gateway itself about this very event. Any other answer keeps
it, even a captive portal's "200 OK" or a proxy's error page. Sending twice is harmless: each event counts once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from producers.terminal.answer_reading import all_named, asked_s, cause_of, is_ours, object_in, refusal
from producers.terminal.spool_types import Refusal, Waiting
from schemas.api.http import Outcome

ABOUT_THE_EVENT: Final = frozenset(
    {
        "rejected",
        "event_id_conflict",
        "not_json",
        "duplicate_key",
        "too_deep",
        "body_too_large",
        "event_too_large",
    }
)
"""Codes of problems that are about the event if the request had only one. Others are about the request itself."""


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
        trouble: the problem for the status line, in a few words; empty if there is none.
        cause: the name of the page's text about the trouble; empty if it has none.
        facts: the values in that text.
    """

    then: Then
    delivered: tuple[int, ...] = ()
    duplicates: tuple[int, ...] = ()
    refused: tuple[Refusal, ...] = ()
    wait_s: float = 0
    trouble: str = ""
    cause: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


UNKNOWN: Final = Verdict(Then.WAIT, trouble="no answer")
"""A network error or a timeout: the server may or may not have the events. The sender says which as `trouble`."""

NOT_ALL: Final = "the gateway did not answer for every event"


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
        case 400 | 409 | 413 | 422 if ours:
            return _refused(content, sent, status)
    match cause_of(status, from_gateway=ours):
        case "token":
            cause = "wrong_fair" if content.get("code") == "wrong_fair" else "token"
            return Verdict(Then.REPAIR, trouble="the gateway does not know this terminal any more", cause=cause)
        case "asked_to_slow_down" as cause:
            return Verdict(Then.WAIT, wait_s=asked, trouble="the gateway asks to slow down", cause=cause)
        case "server_not_ready" as cause:
            return Verdict(Then.WAIT, wait_s=asked, trouble="the gateway cannot store events right now", cause=cause)
        case "program_old":
            return _program_old(Then.ALERT, status, asked)
        case "portal" as cause if status >= 300:
            return _strange(status, asked, cause)
        case cause:
            return _somebody_else(sent, status, asked, cause)


def _all_stored(content: Mapping[str, Any], sent: Sequence[Waiting]) -> Verdict:
    """Believe a 202 only if its count matches what was sent."""
    accepted, duplicates = content.get("accepted"), content.get("duplicates", 0)
    counted = type(accepted) is int and type(duplicates) is int and min(accepted, duplicates) >= 0
    if not counted or len(sent) not in (accepted, accepted + duplicates):
        return _strange(202, 0, "proxy", "the answer confirms the wrong number of events")
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
        trouble=NOT_ALL if not complete else "refused by the gateway" if refused else "",
        cause="" if complete else "proxy",
        facts={} if complete else {"status": "207"},
    )


def _refused(content: Mapping[str, Any], sent: Sequence[Waiting], status: int) -> Verdict:
    """Move into the drawer what the gateway's problem is about: the events that it names, or the only one sent."""
    reasons: dict[int, Refusal] = {}
    for one, error in all_named(content.get("errors"), sent):
        reasons.setdefault(one.seq, refusal(one, error))
    if not reasons and len(sent) == 1 and str(content.get("code")) in ABOUT_THE_EVENT:
        reasons[sent[0].seq] = refusal(sent[0], content)
    if reasons:
        return Verdict(Then.GO_ON, refused=tuple(reasons.values()), trouble="refused by the gateway")
    if len(sent) > 1:
        return Verdict(Then.FEWER)
    return _program_old(Then.SKIP, status, 0)


def _somebody_else(sent: Sequence[Waiting], status: int, asked: float, cause: str) -> Verdict:
    """Find the event that something on the way does not let through, and leave it here.

    Firewalls say so with all kinds of statuses: 403, 405, 406, 501, also with a page and 200, as a login page does.
    """
    said = _strange(status, asked, cause, f"something between this terminal and the gateway answers {status}")
    then = Then.FEWER if len(sent) > 1 else Then.SKIP
    return Verdict(then, wait_s=asked, trouble=said.trouble, cause=said.cause, facts=said.facts)


def _program_old(then: Then, status: int, asked: float) -> Verdict:
    trouble = f"the gateway does not understand this program (status {status})"
    return Verdict(then, wait_s=asked, trouble=trouble, cause="program_old", facts={"status": str(status)})


def _strange(status: int, asked: float, cause: str, trouble: str = "") -> Verdict:
    trouble = trouble or f"this is not a fairpulse gateway's answer (status {status})"
    return Verdict(Then.ALERT, wait_s=asked, trouble=trouble, cause=cause, facts={"status": str(status)})
