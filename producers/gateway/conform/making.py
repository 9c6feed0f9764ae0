"""The bytes of a case's request, made from its description."""

import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from gzip import compress
from typing import Any, Final
from urllib.parse import quote

from producers.gateway.conform.case import CONTENT_TYPES, OWN, Case, Framing, Mode
from producers.gateway.conform.cases import CHANGES, EVERY_REQUEST, SCANS
from schemas.api.http import REQUEST_ID
from schemas.events import VisitorScan, type_of
from schemas.times import instant_text

CHUNK_BYTES: Final = 4_096
SAFE: Final = "!#$&'()*+,/:;=?@[]~"
"""Characters beside letters and digits that stand for themselves in a header (HTTP binding of CloudEvents, 3.1.3.2)."""


@dataclass(frozen=True, slots=True)
class SuiteSender:
    """Who sends the suite.

    Attributes:
        host: of the address that is asked, as the header `Host` has it.
        path: that is put before the path of each request; empty without one.
        place: booth, gate, hall or desk.
        source: the address that its events name.
        offset: server clock minus the clock of this machine.
    """

    host: str
    path: str
    token: str
    place: str
    source: str
    offset: timedelta = timedelta()
    badge: str = field(default_factory=lambda: secrets.token_hex(16))


@dataclass(frozen=True, slots=True)
class Made:
    """A request, ready to be sent.

    Attributes:
        request_id: the gateway repeats it in its answer, so the answer shows who gave it.
        body: as it is sent, chunks included.
        waits: whether the body is sent only after an interim answer.
        events: as they are posted.
    """

    method: str
    request_id: str
    head: bytes
    body: bytes
    waits: bool
    events: tuple[Mapping[str, Any], ...]


def events_of(case: Case, sender: SuiteSender, now: datetime, before: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the events of a case.

    Args:
        case: which ones.
        sender: whose.
        now: this machine's clock.
        before: the event that is sent again; empty if all are new.
    """
    if case.mode is Mode.NO_EVENT:
        return []
    return [_changed(before or _scan(sender, now), kind) for _ in range(case.count) for kind in case.events]


def made(case: Case, sender: SuiteSender, events: Sequence[Mapping[str, Any]], now: datetime) -> Made:
    """Return the request of a case.

    Args:
        case: which one.
        sender: who sends it.
        events: from `events_of`; not looked at if the case has a body of its own, or none.
        now: this machine's clock.
    """
    request_id = secrets.token_hex(8)
    headers = {"Host": sender.host, **dict(EVERY_REQUEST), REQUEST_ID: request_id}
    body = _body(case, events)
    if body is not None:
        headers["Content-Type"] = CONTENT_TYPES[case.mode]
        if case.mode is Mode.BINARY:
            headers |= {f"ce-{name}": quote(str(events[0][name]), safe=SAFE) for name in events[0].keys() - {"data"}}
        if case.gzip:
            headers["Content-Encoding"] = "gzip"
            body = compress(body)
        if case.framing is Framing.CHUNKED:
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers["Content-Length"] = str(len(body))
        if case.framing is Framing.EXPECTING:
            headers["Expect"] = "100-continue"
    headers |= dict(case.headers)
    hour_ago = instant_text(now + sender.offset - timedelta(hours=1))
    lines = [
        f"{name}: {value.replace(OWN, sender.token).replace('{hour_ago}', hour_ago)}"
        for name, value in headers.items()
        if value
    ]
    head = "\r\n".join([f"{case.method} {sender.path}{case.path} HTTP/1.1", *lines]) + "\r\n\r\n"
    sent = _framed(body or b"", case.framing)
    waits = case.framing is Framing.EXPECTING
    return Made(case.method, request_id, head.encode("latin-1"), sent, waits, tuple(events))


def _scan(sender: SuiteSender, now: datetime) -> dict[str, Any]:
    data = {name: sender.badge if text == "{badge}" else text for name, text in SCANS[sender.place].items()}
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": sender.source,
        "type": type_of(VisitorScan),
        "time": instant_text(now),
        "data": data,
    }


def _changed(event: Mapping[str, Any], kind: str) -> dict[str, Any]:
    one = {**event, "data": dict(event["data"])}
    for name, value in CHANGES[kind].items():
        part, key = (one["data"], name.removeprefix("data.")) if name.startswith("data.") else (one, name)
        if value is None:
            del part[key]
        else:
            part[key] = value.replace("{unique}", secrets.token_hex(4))
    return one


def _body(case: Case, events: Sequence[Mapping[str, Any]]) -> bytes | None:
    if case.body is not None:
        return case.body
    match case.mode:
        case Mode.NO_EVENT:
            return None
        case Mode.BATCH | Mode.ARRAY:
            value: Any = list(events)
        case Mode.BINARY:
            value = events[0]["data"]
        case _:
            value = events[0]
    text = json.dumps(value).encode()
    return case.before + text[:-1] + b" " * (case.bytes - len(case.before) - len(text)) + text[-1:]


def _framed(body: bytes, framing: Framing) -> bytes:
    match framing:
        case Framing.CHUNKED:
            parts = [body[at : at + CHUNK_BYTES] for at in range(0, len(body), CHUNK_BYTES)]
            return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        case Framing.HALF:
            return body[: len(body) // 2]
        case _:
            return body
