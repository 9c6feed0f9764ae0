"""What an answer says: who gave it, which event it names, how long to wait. Pure; nothing is believed unchecked."""

import json
import re
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, Final

from producers.terminal.spool_types import Refusal, Waiting
from schemas.api.http import PROBLEM_TYPE

MOST_ASKED_S: Final = 300.0
"""Longest wait that a server may ask for; a wrong header must not silence a booth for hours."""

MOST_ASKED_MS: Final = int(MOST_ASKED_S * 1_000)

DETAIL_CHARACTERS: Final = 300
OURS: Final = "urn:fairpulse:problem:"
"""How the `type` of every problem of a gateway begins."""

_CODE: Final = re.compile(r"[a-z_]{1,64}")


def cause_of(status: int, *, from_gateway: bool, code: object = "") -> str:
    """Return the cause, as the page names it, behind a status that settles no event.

    Args:
        status: of an answer, whether to a post or to the question who this terminal is.
        from_gateway: whether the gateway itself gave it.
        code: of its problem.
    """
    match status:
        case 403 if from_gateway and code == "wrong_fair":
            return "wrong_fair"
        case 401 | 403 if from_gateway:
            return "token"
        case 429:
            return "asked_to_slow_down"
        case 408 | 500 | 502 | 503 | 504:
            return "server_not_ready"
        case _ if from_gateway:
            return "program_old"
        case _:
            return "portal" if status < 400 or status == 511 else "proxy"


def object_in(body: bytes) -> Mapping[str, Any]:
    """Return the JSON object in a body, an empty one if there is none."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def is_ours(headers: Mapping[str, str], content: Mapping[str, Any]) -> bool:
    """Return whether an answer is a problem of a gateway. Proxies and other services also answer 4xx.

    Args:
        headers: with names in lower case.
        content: the body.
    """
    kind, said = headers.get("content-type", "").partition(";")[0].strip().lower(), content.get("type")
    return kind == PROBLEM_TYPE and isinstance(said, str) and said.startswith(OURS)


def named(result: object, sent: Sequence[Waiting]) -> Waiting | None:
    """Return the event that a result is about; None unless its index and id agree."""
    if not isinstance(result, dict):
        return None
    index, event_id = result.get("index"), result.get("id")
    if type(index) is not int or not 0 <= index < len(sent):
        return None
    return sent[index] if event_id == sent[index].event_id else None


def all_named(results: object, sent: Sequence[Waiting]) -> list[tuple[Waiting, Mapping[str, Any]]]:
    """Return the results that name an event, each with its event; an event that is named twice comes twice."""
    found = []
    for result in results if isinstance(results, list) else ():
        one = named(result, sent)
        if one is not None:
            found.append((one, result))
    return found


def refusal(one: Waiting, said: Mapping[str, Any]) -> Refusal:
    """Return the refusal of an event, in the words of a result or of a whole problem."""
    code, detail = said.get("code"), said.get("message") or said.get("detail") or said.get("title")
    return Refusal(
        one.seq,
        code if isinstance(code, str) and _CODE.fullmatch(code) else "refused",
        detail[:DETAIL_CHARACTERS] if isinstance(detail, str) else "",
    )


def asked_s(headers: Mapping[str, str], content: Mapping[str, Any], now_s: float) -> float:
    """Return the wait in seconds that an answer asks for, 0 if it does not.

    Args:
        headers: with names in lower case; Retry-After is seconds or a date.
        content: a problem of a gateway with `retry_after_ms`, or nothing.
        now_s: this terminal's clock in seconds since 1970.
    """
    asked = 0.0
    header = headers.get("retry-after", "").strip()
    if header.isascii() and header.isdigit():
        asked = float(header[:9])
    elif header:
        asked = _until(header, now_s)
    ms = content.get("retry_after_ms")
    if type(ms) is int and ms >= 0:
        asked = max(asked, min(ms, MOST_ASKED_MS) / 1_000)
    return min(max(0.0, asked), MOST_ASKED_S)


def _until(header: str, now_s: float) -> float:
    try:
        return parsedate_to_datetime(header).timestamp() - now_s
    except (ValueError, TypeError, OverflowError):
        return 0.0
