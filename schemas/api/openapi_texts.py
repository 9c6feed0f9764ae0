"""The longer texts of the OpenAPI document, for an integrator who has nothing else."""

from typing import Final

from schemas.api.http import BODY_MAX_BYTES, EVENT_MAX_BYTES, EVENTS_MAX
from schemas.events import VisitorScan, type_of

ABOUT: Final = """Terminals of a trade fair post events as CloudEvents 1.0.

* 202, 207, 409, 413 and 422 are final for the events of a request. After any other answer keep the events.
* Every answer from 400 on is a problem (RFC 9457). Its `action` says what to do, its `errors` say what is wrong with \
each event: `pointer` leads into the request, `schema` into this document.
* Answers may get more members one day: ignore those that you do not know."""

POSTING: Final = f"""Send an event again, with the same `id`, until an answer is final for it. An id that was posted \
before with the same content is a duplicate, which is as good as accepted.

A request has at most {EVENTS_MAX} events and {BODY_MAX_BYTES} bytes, an event at most {EVENT_MAX_BYTES} bytes. The \
limits count unpacked bytes; `Content-Encoding: gzip` is taken.

The body is a batch. These forms are taken too:
* one event, structured, as `application/cloudevents+json` (`#/components/requestBodies/StructuredEvent`);
* either of the two as `application/json` (`#/components/requestBodies/PlainJson`);
* one event in binary mode: its attributes in headers `ce-...`, its `data` alone in the body \
(`#/components/requestBodies/BinaryEvent`, `#/components/parameters`).

Around `data`, members of CloudEvents and extensions are taken. `data` itself is closed: it has the fields of its \
type."""

BINARY: Final = f"""The `data` of one event in binary mode, recognised by the header `ce-specversion`:

    POST /v1/events
    Content-Type: application/json
    ce-specversion: 1.0
    ce-id: 0199313c-a801-7c4e-9d31-5b8f20c1e601
    ce-source: /fairs/f/booths/b/terminals/t
    ce-type: {type_of(VisitorScan)}
    ce-time: 2025-09-10T01:12:03.417Z

    {{"scan_kind": "booth", "badge_role": "visitor_public"}}"""
