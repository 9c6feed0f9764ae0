"""Post the events of a file as Python programs do. Usage: post.py WAY; see README.md beside run.py."""

# ruff: noqa: PLC0415 - each way needs one library, and only the SDK's are not in this project's own environment

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

URL, SOURCE = os.environ["POST_URL"], os.environ["POST_SOURCE"]
TOKEN = {"Authorization": f"Bearer {os.environ['POST_TOKEN']}"}
EVENTS: list[dict[str, Any]] = json.loads(Path(os.environ["POST_EVENTS"]).read_text(encoding="utf-8"))
BATCH = "application/cloudevents-batch+json"


def whole(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event as a program without an SDK writes it."""
    return {"specversion": "1.0", "source": SOURCE, **event}


def sdk(mode: str) -> None:
    """cloudevents 2: ids and times of the SDK's own making where the event gives none."""
    import requests
    from cloudevents.core.bindings import http
    from cloudevents.core.v1.event import CloudEvent

    convert = {"binary": http.to_binary_event, "structured": http.to_structured_event}[mode]
    for one in EVENTS:
        attributes = {"id": one["id"], "type": one["type"], "source": SOURCE}
        message = convert(CloudEvent(attributes=attributes, data=one["data"]))
        tell(requests.post(URL, data=message.body, headers={**message.headers, **TOKEN}, timeout=20).status_code)


def sdk_1(mode: str) -> None:
    """The interface of cloudevents 1, which most programs still use."""
    import requests
    from cloudevents.v1.http import CloudEvent, to_binary, to_structured

    convert = {"binary": to_binary, "structured": to_structured}[mode]
    for one in EVENTS:
        attributes = {"id": one["id"], "type": one["type"], "source": SOURCE}
        headers, body = convert(CloudEvent(attributes, one["data"]))
        tell(requests.post(URL, data=body, headers={**headers, **TOKEN}, timeout=20).status_code)


def requests_json(_: str) -> None:
    """requests with json=: application/json, one event each, over one session."""
    import requests

    with requests.Session() as session:
        for one in EVENTS:
            tell(session.post(URL, json=whole(one), headers=TOKEN, timeout=20).status_code)


def requests_stream(_: str) -> None:
    """requests with a generator: chunks."""
    import requests

    body = json.dumps([whole(one) for one in EVENTS]).encode()
    pieces = (body[at : at + 1_000] for at in range(0, len(body), 1_000))
    tell(requests.post(URL, data=pieces, headers={**TOKEN, "Content-Type": BATCH}, timeout=20).status_code)


def httpx_json(_: str) -> None:
    """Httpx with json=, as an array."""
    import httpx

    tell(httpx.post(URL, json=[whole(one) for one in EVENTS], headers=TOKEN, timeout=20).status_code)


def aiohttp_json(_: str) -> None:
    """Aiohttp with json=, as arrays of five, all at once."""

    async def run() -> None:
        import aiohttp

        async def post(events: list[dict[str, Any]]) -> None:
            async with session.post(URL, json=[whole(one) for one in events]) as answer:
                tell(answer.status)

        async with aiohttp.ClientSession(headers=TOKEN) as session:
            await asyncio.gather(*(post(EVENTS[at : at + 5]) for at in range(0, len(EVENTS), 5)))

    asyncio.run(run())


def tell(status: int) -> None:
    """Print the status of an answer, for the runner."""
    print(status, flush=True)


WAYS: dict[str, Callable[[str], None]] = {
    "sdk": sdk,
    "sdk-1": sdk_1,
    "requests": requests_json,
    "requests-stream": requests_stream,
    "httpx": httpx_json,
    "aiohttp": aiohttp_json,
}

if __name__ == "__main__":
    way, _, mode = sys.argv[1].partition(":")
    WAYS[way](mode)
