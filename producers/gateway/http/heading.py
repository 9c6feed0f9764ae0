"""The head of a request: token, length, and times. The headers about the body are read in media.py."""

import re
from collections import defaultdict
from datetime import datetime
from typing import Final, NamedTuple

from pydantic import TypeAdapter, ValidationError
from starlette.types import Scope

from producers.gateway.http.problems import RequestRefused
from schemas.api.http import (
    BADGE_KEY,
    BODY_MAX_BYTES,
    HEX_PATTERN,
    REQUEST_ID,
    REQUEST_ID_PATTERN,
    TERMINAL_INSTANCE,
)
from schemas.times import Instant

_INSTANT: Final[TypeAdapter[datetime]] = TypeAdapter(Instant)
_REQUEST_ID: Final = re.compile(REQUEST_ID_PATTERN)
_HEX: Final = re.compile(HEX_PATTERN)
_LENGTH: Final = re.compile(r"[0-9]{1,12}")


class Heading(NamedTuple):
    """Request line and headers.

    Attributes:
        headers: the values by lower-case name, one for each time that the header was sent.
    """

    method: str
    path: str
    query: bytes
    headers: dict[str, list[str]]


def heading_of(scope: Scope) -> Heading:
    """Return the heading of a request from its ASGI scope.

    Blanks and tabs around a value are not part of it (RFC 9110, 5.5). The server leaves those behind it.
    """
    headers: dict[str, list[str]] = defaultdict(list)
    for name, value in scope["headers"]:
        headers[name.decode("latin-1")].append(value.decode("latin-1").strip(" \t"))
    return Heading(scope["method"], scope["path"], scope["query_string"], dict(headers))


def token_in(heading: Heading) -> str:
    """Return the text of the token, unchecked. Raises RequestRefused (401) unless there is exactly one."""
    given = heading.headers.get("authorization")
    if not given:
        raise RequestRefused("token_missing")
    scheme, _, text = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer":
        raise RequestRefused("token_malformed")
    return text.lstrip(" ")


def check_length(heading: Heading) -> None:
    """Raise RequestRefused (413) if the request says that its body is too large."""
    given = heading.headers.get("content-length", ("",))[0]
    if _LENGTH.fullmatch(given) and int(given) > BODY_MAX_BYTES:
        raise RequestRefused("body_too_large")


def instant_in(heading: Heading, header: str) -> datetime | None:
    """Return the time in a header; None if the header is missing or is not a time."""
    given = heading.headers.get(header.lower())
    if given is None:
        return None
    text = ",".join(given)
    if not (text.isascii() and text.isprintable()) or '"' in text or "\\" in text:
        return None
    try:
        return _INSTANT.validate_json(f'"{text}"')
    except ValidationError:
        return None


def request_id_in(heading: Heading) -> str | None:
    """Return the terminal's id for the request; None unless it is safe to repeat."""
    given = heading.headers.get(REQUEST_ID.lower(), ("",))[0]
    return given if _REQUEST_ID.fullmatch(given) else None


def badge_key_in(heading: Heading) -> str | None:
    """Return the fingerprint of the terminal's badge key; None if it sends none.

    Raises:
        RequestRefused: there are several, or it is not a fingerprint (400). If it were ignored, the terminal would pair
            with a key that nobody has compared.
    """
    given = heading.headers.get(BADGE_KEY.lower())
    if given is None:
        return None
    if len(given) > 1 or not _HEX.fullmatch(given[0]):
        raise RequestRefused("badge_key_malformed")
    return given[0]


def instance_in(heading: Heading) -> str | None:
    """Return the instance that the terminal names; None if it names none, or several, or not in 16 hex digits."""
    given = heading.headers.get(TERMINAL_INSTANCE.lower(), ())
    return given[0] if len(given) == 1 and _HEX.fullmatch(given[0]) else None
