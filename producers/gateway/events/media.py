"""The kind of body that a posting's head announces: one CloudEvent or several, in which mode and content type.

The modes are those of the HTTP protocol binding of CloudEvents 1.0.2. Structured and batched events are JSON bodies.
In binary mode the body is the `data` of one event, and every other attribute is a header `ce-...`; so do most SDKs
unless they are told otherwise.
"""

import re
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import unquote_to_bytes

from producers.gateway.http.heading import Heading
from producers.gateway.http.problems import RequestRefused
from schemas.api.http import BATCH_TYPE, JSON_TYPE, SINGLE_TYPE

PREFIX: Final = "ce-"
"""Begins the name of a header that is an attribute (HTTP protocol binding, 3.1.3.1)."""
ACCEPT_POST: Final = (b"accept-post", f"{SINGLE_TYPE}, {BATCH_TYPE}, {JSON_TYPE}".encode())

_BATCH_BY_TYPE: Final = {BATCH_TYPE: True, SINGLE_TYPE: False, JSON_TYPE: None}
_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_TYPE: Final = re.compile(rf"\s*({_WORD}/{_WORD})\s*((?:;.*)?)", re.DOTALL)
_PARAMETER: Final = re.compile(rf';\s*(?:({_WORD})\s*=\s*({_WORD}|"(?:[^"\\]|\\.)*"))?\s*')
_ESCAPED: Final = re.compile(r"\\(.)")
_CHARSETS: Final = frozenset({"utf-8", "utf8", "us-ascii"})
"""Charsets whose bytes are UTF-8."""


class MediaType(NamedTuple):
    """A content type (RFC 9110, 8.3.1), in lower case.

    Attributes:
        name: type and subtype.
        charset: empty if it names none.
    """

    name: str
    charset: str

    @property
    def is_json(self) -> bool:
        """Whether it names JSON (CloudEvents JSON format, 3.1)."""
        subtype = self.name.partition("/")[2]
        return subtype == "json" or subtype.endswith("+json")


class Announced(NamedTuple):
    """What the head says of the body.

    Attributes:
        is_batch: whether the body is an array of events; None if it may also be one.
        attributes: of an event in binary mode, whose data is the body; None in the other modes.
    """

    is_batch: bool | None = None
    attributes: dict[str, Any] | None = None

    @property
    def is_alone(self) -> bool:
        """Whether the body is one event, so that it has no halves."""
        return self.is_batch is False


@lru_cache(256)
def media_type(text: str) -> MediaType | None:
    """Return the content type that a text names; None if it names none. Its parameters but the charset are ignored."""
    found = _TYPE.fullmatch(text)
    if found is None:
        return None
    name, rest, at, charset = found[1].lower(), found[2], 0, ""
    while at < len(rest):
        parameter = _PARAMETER.match(rest, at)
        if parameter is None:
            return None
        if (parameter[1] or "").lower() == "charset":
            charset = unquoted(parameter[2]).lower()
        at = parameter.end()
    return MediaType(name, charset)


def announced(heading: Heading) -> Announced:
    """Return what the head of a posting says of its body. Raises RequestRefused (415)."""
    given = heading.headers.get("content-type", [])
    text = given[0] if given else ""
    kind = media_type(text)
    is_binary = "ce-specversion" in heading.headers and (kind is None or kind.name not in {SINGLE_TYPE, BATCH_TYPE})
    if len(given) > 1 or (kind is None and (text.strip() or not is_binary)):
        raise _refused()
    if kind is not None and kind.charset and kind.charset not in _CHARSETS:
        raise _refused()
    if is_binary and (kind is None or kind.is_json):
        return Announced(False, _attributes(heading, text))
    if is_binary or kind is None or kind.name not in _BATCH_BY_TYPE:
        raise _refused()
    return Announced(_BATCH_BY_TYPE[kind.name])


def unquoted(text: str) -> str:
    """Return the text without a pair of quotes around it and the backslashes in them (RFC 9110, 5.6.4)."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    return _ESCAPED.sub(r"\1", text[1:-1])


def _attributes(heading: Heading, content_type: str) -> dict[str, Any]:
    """Return the attributes in headers, by name.

    A header that was sent twice or is not UTF-8 becomes a list. No attribute is one, so it is refused by name.
    """
    found: dict[str, Any] = {"datacontenttype": content_type} if content_type.strip() else {}
    for name, values in heading.headers.items():
        if name.startswith(PREFIX):
            texts = [_decoded(value) for value in values]
            attribute = name.removeprefix(PREFIX)
            attribute = name if attribute == "data" else attribute  # it is not an attribute, and refused by this name
            found.setdefault(attribute, texts[0] if len(texts) == 1 and texts[0] is not None else texts)
    return found


def _decoded(value: str) -> str | None:
    """Return the text that a header's value stands for (HTTP protocol binding, 3.1.3.2); None if it is not UTF-8."""
    if value.isascii() and not {"%", '"'} & set(value):
        return value
    try:
        return unquote_to_bytes(unquoted(value).encode("latin-1")).decode()
    except UnicodeDecodeError:
        return None


def _refused() -> RequestRefused:
    return RequestRefused("media_type", accept=ACCEPT_POST)
