"""The cases of the suite: what is sent, what must come back, what a client does with it. Data; other modules act on it.

Each stands for a kind of client software, or for something that a proxy on the way can break.
"""

from collections.abc import Mapping
from typing import Any, Final

from producers.gateway.conform.case import OWN, Case, Expected, Framing, Mode
from schemas.api.http import BODY_MAX_BYTES, CLOCK_OFFSET, EVENT_MAX_BYTES, EVENTS_MAX, SENT_AT, TERMINAL_PATH

UNKNOWN_TOKEN: Final = "Bearer tf_00000000_" + "0" * 43
"""Looks like a token, and is nobody's."""

TRACE: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
"""A `traceparent`, as the W3C recommendation shows it."""

SCANS: Final[Mapping[str, Mapping[str, Any]]] = {
    "booth": {"scan_kind": "booth", "badge_role": "visitor_public"},
    "gate": {"scan_kind": "entry", "badge_role": "visitor_public", "badge_ref": "{badge}"},
    "hall": {"scan_kind": "zone_in", "badge_role": "visitor_public"},
    "desk": {"scan_kind": "session", "badge_role": "visitor_public"},
}
"""`data` of a scan that a terminal may post, by the place that its token is for."""

CHANGES: Final[Mapping[str, Mapping[str, Any]]] = {
    "scan": {},
    "scan with an id of its own": {"id": "order-7/{unique}"},
    "scan with extensions": {"traceparent": TRACE, "partitionkey": "conform"},
    "scan with another role": {"data.badge_role": "visitor_professional"},
    "scan with a field that no event has": {"data.favourite_colour": "red"},
    "scan with a field of the server": {"data.received_at": "2025-10-25T09:00:00Z"},
    "scan of another terminal": {"source": "/fairs/nowhere/booths/nobody/terminals/none"},
    "scan without a time": {"time": None},
}
"""The changes to a good scan that make each kind of event, by attribute or `data.` and field; None leaves it out."""

STORED: Final = (Expected(202),)
ALLOWED: Final = (Expected(204), Expected(200))
DELETES: Final = "deletes the event: Kafka has it"
DRAWER: Final = "sets the event aside and tells a person: it will never be accepted as it is"
KEEPS: Final = "keeps the event and tells the maintainer of its software"
PAIRS: Final = "keeps everything, and asks to be paired again"
HALVES: Final = "sends each half; sets a single event aside"

CASES: Final = (
    Case(
        name="who_am_i", sends="the question who this terminal is", expects=(Expected(200),), method="GET",
        path=TERMINAL_PATH, mode=Mode.NO_EVENT, client="takes `source` and the limits from it",
    ),
    Case(
        name="head", sends="as probes ask", expects=(Expected(200),), method="HEAD", path=TERMINAL_PATH,
        mode=Mode.NO_EVENT, client="sees that the gateway is there",
    ),
    Case(
        name="options", sends="as browsers and probes ask", expects=ALLOWED, method="OPTIONS",
        mode=Mode.NO_EVENT, headers=(("Authorization", ""),), client="sees which methods there are",
    ),
    Case(
        name="other_method", sends="another method than POST", expects=(Expected(405, "method"),), method="PUT",
        client=KEEPS,
    ),
    Case(
        name="token_missing", sends="no token", expects=(Expected(401, "token_missing"),), client=PAIRS,
        headers=(("Authorization", ""),),
    ),
    Case(
        name="token_unknown", sends="a token that nobody has", expects=(Expected(401, "token_unknown"),),
        client=PAIRS, headers=(("Authorization", UNKNOWN_TOKEN),),
    ),
    Case(
        name="early_answer", sends="half of a body with a token that nobody has, then nothing",
        expects=(Expected(401, "token_unknown"),), client=PAIRS, headers=(("Authorization", UNKNOWN_TOKEN),),
        framing=Framing.HALF, advice=True,
    ),
    Case(name="structured", sends="one event", expects=STORED, client=DELETES),
    Case(name="duplicate", sends="the same event again", expects=STORED, again="structured", client=DELETES),
    Case(
        name="conflict", sends="other content under the id of an event before",
        expects=(Expected(409, "event_id_conflict"), Expected(202)), again="structured",
        events=("scan with another role",),
        client="sets the event aside: the first one counts; of several gateways another one may answer 202",
    ),
    Case(name="batch", sends="two events", expects=STORED, mode=Mode.BATCH, count=2, client=DELETES),
    Case(
        name="binary", sends="attributes in headers `ce-...`, as SDKs do by default", expects=STORED,
        mode=Mode.BINARY, client=DELETES,
    ),
    Case(name="object", sends="plain application/json", expects=STORED, mode=Mode.OBJECT, client=DELETES),
    Case(name="array", sends="plain application/json", expects=STORED, mode=Mode.ARRAY, client=DELETES),
    Case(
        name="charset", sends="a charset in the content type", expects=STORED, client=DELETES,
        headers=(("Content-Type", 'application/cloudevents+json; charset="UTF-8"'),),
    ),
    Case(name="bom", sends="a byte order mark before the JSON", expects=STORED, before=b"\xef\xbb\xbf", client=DELETES),
    Case(
        name="extensions", sends="extension attributes, and a tracing header", expects=STORED,
        events=("scan with extensions",), headers=(("traceparent", TRACE), ("tracestate", "a=1")), client=DELETES,
    ),
    Case(
        name="own_id", sends="an id that is not a UUID", expects=STORED, events=("scan with an id of its own",),
        client=DELETES,
    ),
    Case(name="gzip", sends="a body in gzip", expects=STORED, mode=Mode.BATCH, count=2, gzip=True, client=DELETES),
    Case(name="chunked", sends="a body in chunks", expects=STORED, framing=Framing.CHUNKED, client=DELETES),
    Case(
        name="expect", sends="Expect: 100-continue, and the body after that", expects=STORED,
        framing=Framing.EXPECTING, client=DELETES,
    ),
    Case(
        name="h2c", sends="an offer of HTTP/2, as Java's HttpClient and curl --http2 do", expects=STORED,
        headers=(
            ("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAEAAEAAAAIAAAAA"),
        ),
        client=DELETES,
    ),
    Case(name="reuse", sends="two posts over one connection", expects=STORED, times=2, client=DELETES),
    Case(
        name="mixed", sends="a good event and a bad one", expects=(Expected(207, errors="unknown_field"),),
        mode=Mode.BATCH, events=("scan", "scan with a field that no event has"),
        client="deletes the accepted event, sets the rejected one aside",
    ),
    Case(
        name="unknown_field", sends="a field that no event has", client=DRAWER,
        expects=(Expected(422, "rejected", "unknown_field"),), events=("scan with a field that no event has",),
    ),
    Case(
        name="server_field", sends="a field that only the server sets", client=DRAWER,
        expects=(Expected(422, "rejected", "unknown_field"),), events=("scan with a field of the server",),
    ),
    Case(
        name="wrong_source", sends="the address of another terminal", client=KEEPS,
        expects=(Expected(400, "not_a_cloudevent", "wrong_source"),), events=("scan of another terminal",),
    ),
    Case(
        name="no_time", sends="an event without a time", client=KEEPS,
        expects=(Expected(400, "not_a_cloudevent", "missing_field"),), events=("scan without a time",),
    ),
    Case(
        name="content_type", sends="text/plain", expects=(Expected(415, "media_type"),), client=KEEPS,
        headers=(("Content-Type", "text/plain"),),
    ),
    Case(name="not_json", sends="half of a JSON text", expects=(Expected(400, "not_json"),), body=b'{"specversion":',
         client=KEEPS),
    Case(name="no_body", sends="an empty body", expects=(Expected(400, "no_body"),), body=b"", client=KEEPS),
    Case(
        name="large_event", sends="an event of more than 64 KiB", bytes=EVENT_MAX_BYTES + 1, client=DRAWER,
        expects=(Expected(413, "event_too_large"),),
    ),
    Case(
        name="large_body", sends="the largest body, 1 MiB", expects=STORED, mode=Mode.BATCH, count=2,
        bytes=BODY_MAX_BYTES, client=DELETES,
    ),
    Case(
        name="too_large_body", sends="a body of more than 1 MiB", expects=(Expected(413, "body_too_large"),),
        mode=Mode.BATCH, count=2, bytes=BODY_MAX_BYTES + 1, client=HALVES,
    ),
    Case(
        name="many_events", sends=f"{EVENTS_MAX + 1} events", expects=(Expected(413, "too_many_events"),),
        mode=Mode.BATCH, count=EVENTS_MAX + 1, client=HALVES,
    ),
    Case(
        name="large_headers", sends="17 KiB of headers", expects=(Expected(431, "headers_too_large"),),
        headers=tuple((f"X-Filler-{number}", "x" * 1_000) for number in range(17)), client=KEEPS,
    ),
    Case(
        name="clock_offset", sends="a clock that is 3 minutes slow, as the terminal measured it", method="GET",
        path=TERMINAL_PATH, mode=Mode.NO_EVENT, headers=((CLOCK_OFFSET, "180000"),),
        expects=(Expected(200, offset_ms=(180_000, 180_000)),),
        client="sends its offset: the server corrects the times of its events",
    ),
    Case(
        name="sent_at", sends="a clock that is an hour slow, by Sent-At", method="GET", path=TERMINAL_PATH,
        mode=Mode.NO_EVENT, headers=((SENT_AT, "{hour_ago}"),),
        expects=(Expected(200, offset_ms=(3_595_000, 3_660_000)),),
        client="sends its clock's time if it does not measure its offset",
    ),
)  # fmt: skip
"""In the order in which they are sent."""

EVERY_REQUEST: Final = (("Authorization", f"Bearer {OWN}"), ("Accept", "application/json"))
"""Headers of each request, unless its case has them."""
