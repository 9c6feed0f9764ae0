"""The meaning of a server's answer for each event that was sent. Pure: no disk, no network, no clock.

An event leaves the spool only after a final answer that only the gateway gives. Any other answer keeps it, even a
captive portal's "200 OK" or a proxy's error page. Sending twice is harmless: the stream counts each event once.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, Final

from producers.terminal.spool import Refusal, Waiting
from schemas.api.http import PROBLEM_TYPE, Outcome

MOST_ASKED_S: Final = 300.0
"""Longest wait that a server may ask for; a wrong header must not silence a booth for hours."""

DETAIL_CHARACTERS: Final = 300


class Then(Enum):
    """What the sender does next."""

    GO_ON = "go on"
    WAIT = "wait, then send the same again"
    FEWER = "send fewer at once"
    REPAIR = "stop until somebody pairs the terminal again"
    ALERT = "wait, and tell somebody: the server or this program is wrong"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of the events of one request.

    Attributes:
        delivered, duplicates: sequence numbers of events that are safe on the server.
        refused: events that it will never accept; they go to the drawer.
        wait_s: seconds that the server asked for, 0 if it did not.
        trouble: the problem for the status line, in a few words; empty if there is none.
    """

    then: Then
    delivered: tuple[int, ...] = ()
    duplicates: tuple[int, ...] = ()
    refused: tuple[Refusal, ...] = ()
    wait_s: float = 0
    trouble: str = ""


UNKNOWN: Final = Verdict(Then.WAIT, trouble="no answer")
"""A network error or a timeout: the server may or may not have the events. The sender says which as `trouble`."""


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
    content = _object(body)
    ours = (
        lower.get("content-type", "").partition(";")[0].strip().lower() == PROBLEM_TYPE
    )  # without it the answer may be a proxy's
    asked = _asked_s(lower, content if ours else {}, now_s)
    match status:
        case 202:
            return _all_stored(content, sent)
        case 207:
            return _one_by_one(content, sent)
        case 422 | 409 if ours:
            return Verdict(Then.GO_ON, refused=_all_refused(content, sent), trouble="refused by the server")
        case 400 if ours:
            return _narrowed(content, sent, "not understood by the server")
        case 413:
            return _narrowed(content, sent, "too large for the server")
        case 401 | 403:
            return Verdict(Then.REPAIR, trouble="the server no longer knows this terminal")
        case 415 | 431:
            return Verdict(Then.ALERT, wait_s=asked, trouble=f"the server answers {status}: update this program")
        case 429:
            return Verdict(Then.WAIT, wait_s=asked, trouble="the server asks to slow down")
        case 408 | 500 | 502 | 503 | 504:
            return Verdict(Then.WAIT, wait_s=asked, trouble="the server cannot store events right now")
        case _:
            return Verdict(
                Then.ALERT, wait_s=asked, trouble=f"this is not a fairpulse gateway's answer (status {status})"
            )


def _all_stored(content: Mapping[str, Any], sent: Sequence[Waiting]) -> Verdict:
    """Believe a 202 only if its count matches what was sent."""
    accepted, duplicates = content.get("accepted"), content.get("duplicates", 0)
    if type(accepted) is not int or type(duplicates) is not int or len(sent) not in (accepted, accepted + duplicates):
        return Verdict(Then.ALERT, trouble="the server confirmed the wrong number of events")
    numbers = tuple(one.seq for one in sent)
    if duplicates == len(sent):
        return Verdict(Then.GO_ON, duplicates=numbers)
    return Verdict(Then.GO_ON, delivered=numbers)


def _one_by_one(content: Mapping[str, Any], sent: Sequence[Waiting]) -> Verdict:
    """Read results by index and id; an event without a matching result is kept."""
    delivered, duplicates, refused = [], [], []
    results = content.get("results")
    for result in results if isinstance(results, list) else ():
        one = _named(result, sent)
        if one is None:
            continue
        match result.get("outcome"):
            case Outcome.ACCEPTED:
                delivered.append(one.seq)
            case Outcome.DUPLICATE:
                duplicates.append(one.seq)
            case Outcome.REJECTED:
                refused.append(_refusal(one, result))
            case _:
                pass
    answered = len({*delivered, *duplicates, *(one.seq for one in refused)})
    complete = answered == len(sent) == len(delivered) + len(duplicates) + len(refused)
    return Verdict(
        Then.GO_ON if complete else Then.ALERT,
        tuple(delivered),
        tuple(duplicates),
        tuple(refused),
        trouble=""
        if complete and not refused
        else "refused by the server"
        if complete
        else "the server did not answer for every event",
    )


def _all_refused(content: Mapping[str, Any], sent: Sequence[Waiting]) -> tuple[Refusal, ...]:
    """Return a refusal for every event; the server explains at most twenty of them."""
    errors = content.get("errors")
    reasons: dict[int, Refusal] = {}
    for error in errors if isinstance(errors, list) else ():
        one = _named(error, sent)
        if one is not None:
            reasons.setdefault(one.seq, _refusal(one, error))
    return tuple(reasons.get(one.seq) or _refusal(one, content) for one in sent)


def _narrowed(content: Mapping[str, Any], sent: Sequence[Waiting], trouble: str) -> Verdict:
    """Send fewer, until the event at fault is alone."""
    if len(sent) > 1:
        return Verdict(Then.FEWER, trouble=trouble)
    return Verdict(Then.GO_ON, refused=(_refusal(sent[0], content),), trouble=trouble)


def _named(result: object, sent: Sequence[Waiting]) -> Waiting | None:
    """Return the event that a result is about; None unless its index and id agree."""
    if not isinstance(result, dict):
        return None
    index, event_id = result.get("index"), result.get("id")
    if type(index) is not int or not 0 <= index < len(sent):
        return None
    return sent[index] if event_id == sent[index].event_id else None


def _refusal(one: Waiting, said: Mapping[str, Any]) -> Refusal:
    code, text = said.get("code"), said.get("message") or said.get("detail") or said.get("title")
    return Refusal(
        one.seq,
        code if isinstance(code, str) and code.isascii() and code else "refused",
        text[:DETAIL_CHARACTERS] if isinstance(text, str) else "",
    )


def _asked_s(headers: Mapping[str, str], content: Mapping[str, Any], now_s: float) -> float:
    """Return the wait in seconds that the server asked for: Retry-After as seconds or date, or `retry_after_ms`."""
    asked = 0.0
    header = headers.get("retry-after", "").strip()
    if header.isascii() and header.isdigit():
        asked = float(header[:9])
    elif header:
        asked = _until(header, now_s)
    ms = content.get("retry_after_ms")
    if type(ms) is int and ms >= 0:
        asked = max(asked, ms / 1_000)
    return min(max(0.0, asked), MOST_ASKED_S)


def _until(header: str, now_s: float) -> float:
    try:
        return parsedate_to_datetime(header).timestamp() - now_s
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _object(body: bytes) -> Mapping[str, Any]:
    """Return the JSON object in a body, an empty one if there is none."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
