"""What a request says besides its events: token, content type, Sent-At, and its body within bounds."""

import asyncio
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from producers.gateway.problems import RequestRefused
from producers.registry.doorkeeper import Doorkeeper, RegistryUnreadable
from producers.registry.store import Key
from schemas.http import BATCH_TYPE, BODY_MAX_BYTES, JSON_TYPE, SENT_AT, SINGLE_TYPE
from schemas.times import Instant, epoch_ms

BODY_DEADLINE_S: Final = 10.0
"""A body has arrived by then, or it is refused."""
OFFSET_MAX_MS: Final = 10**11
"""Three years: a clock that is further off is no clock, and its offset no event can hold."""

_INSTANT: Final[TypeAdapter[datetime]] = TypeAdapter(Instant)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LENGTH: Final = re.compile(r"[0-9]{1,12}")


def key_of_request(request: Request, doorkeeper: Doorkeeper, fair_id: str, now: datetime) -> Key:
    """Return the key that the request proves. Raises RequestRefused (401, 403, 503)."""
    given = request.headers.getlist("authorization")
    if not given:
        raise RequestRefused("token_missing")
    scheme, _, text = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer":
        raise RequestRefused("token_malformed")
    try:
        key = doorkeeper.identify(text, now)
    except RegistryUnreadable:
        raise RequestRefused("registry_unreadable") from None
    if key is None:
        raise RequestRefused("token_unknown")
    if key.terminal.fair_id != fair_id:
        raise RequestRefused("wrong_fair")
    return key


def is_batch(request: Request) -> bool | None:
    """Return whether the content type asks for an array, None if it leaves it open. Raises RequestRefused (415)."""
    given = request.headers.getlist("content-type")
    kind, *parameters = (part.strip().lower() for part in (given[0] if len(given) == 1 else "").split(";"))
    known = {BATCH_TYPE: True, SINGLE_TYPE: False, JSON_TYPE: None}
    plain = all(one in {"", "charset=utf-8", 'charset="utf-8"'} for one in parameters)
    if kind not in known or not plain or "content-encoding" in request.headers:
        raise RequestRefused("media_type")
    return known[kind]


def promised_bytes(request: Request) -> int:
    """Return the size of the body, the largest one if the request does not say. Raises RequestRefused (413)."""
    given = request.headers.get("content-length", "")
    if not _LENGTH.fullmatch(given):
        return BODY_MAX_BYTES
    if int(given) > BODY_MAX_BYTES:
        raise RequestRefused("body_too_large")
    return int(given)


async def body_of(request: Request, patience: set[asyncio.Timeout]) -> bytes:
    """Return the whole body. Raises RequestRefused (408, 413).

    Args:
        request: the request; nothing of its body was read.
        patience: the deadline stands in it as long as it runs, so that a drain can shorten it.
    """
    parts: list[bytes] = []
    size = 0
    deadline = asyncio.timeout(BODY_DEADLINE_S)
    try:
        async with deadline:
            patience.add(deadline)
            async for part in request.stream():
                size += len(part)
                if size > BODY_MAX_BYTES:
                    raise RequestRefused("body_too_large")
                parts.append(part)
    except TimeoutError:
        raise RequestRefused("body_late") from None
    except ClientDisconnect:
        raise RequestRefused("body_cut") from None
    finally:
        patience.discard(deadline)
    return b"".join(parts)


async def let_pass(receive: Receive) -> bool:
    """Read what is left of a refused request and forget it, for a moment: else its sender never sees the answer.

    Returns:
        Whether its end was reached, so that the connection can be used again.
    """
    size = 0
    try:
        async with asyncio.timeout(1):
            while size <= 2 * BODY_MAX_BYTES:
                message = await receive()
                size += len(message.get("body", b""))
                if message["type"] != "http.request":
                    return False
                if not message.get("more_body", False):
                    return True
    except TimeoutError:
        pass
    return False


def clock_offset_ms(request: Request, received_at: datetime) -> int | None:
    """Return server clock minus terminal clock, 0 if the terminal does not say, None if what it says is no time."""
    if not request.headers.getlist(SENT_AT):
        return 0
    sent_at = instant_in(request, SENT_AT)
    if sent_at is None:
        return None
    offset = epoch_ms(received_at) - epoch_ms(sent_at)
    return offset if abs(offset) <= OFFSET_MAX_MS else None


def instant_in(request: Request, header: str) -> datetime | None:
    """Return the time in a header; None if it is not there, or is no time."""
    given = request.headers.getlist(header)
    try:
        return _INSTANT.validate_json(_quoted(given)) if given else None
    except ValidationError:
        return None


def request_id_of(request: Request) -> str | None:
    """Return the terminal's name for the request, if it is one that may be repeated."""
    given = request.headers.get("request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else None


def _quoted(given: Iterable[str]) -> str:
    text = ",".join(given)
    return f'"{text}"' if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text else '""'
