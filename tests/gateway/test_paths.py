"""Where the gateway is reached: behind a prefix, behind a proxy that removes one, and what a wrong path is told."""

import json
from collections.abc import AsyncIterator
from functools import reduce
from operator import getitem
from urllib.parse import urljoin

import pytest

from producers.gateway.events.schema_links import schema_link
from schemas.api.http import EVENTS_PATH
from tests.support.gateway import BOOTH, Paired
from tests.support.gateway_app import GatewayApp, gateway_app

PATHS = ["/fair/v1/events", "/fair/v1/terminal", "/fair/openapi.json", "/fair/"]


@pytest.fixture
async def behind(paired: Paired) -> AsyncIterator[GatewayApp]:
    async with gateway_app(paired, gateway_prefix="/fair", gateway_proxies="127.0.0.1") as app:
        yield app


@pytest.fixture
async def plain(paired: Paired) -> AsyncIterator[GatewayApp]:
    async with gateway_app(paired, gateway_proxies="127.0.0.1") as app:
        yield app


async def test_everything_lies_behind_the_prefix_and_nothing_beside_it(behind: GatewayApp) -> None:
    assert [(await behind.send("OPTIONS", path, [])).status_code for path in PATHS] == [204] * 4
    beside = [await behind.send("OPTIONS", path.removeprefix("/fair"), []) for path in PATHS]
    assert [answer.status_code for answer in beside] == [404] * 4


ALL_PATHS = (
    "The paths are /fair/v1/events, /fair/v1/terminal, /fair/v1/badges, /fair/v1/badge-check, /fair/openapi.json, "
    "/fair/."
)
MEANT = {
    "/v1/events": "Did you mean /fair/v1/events?",
    "/openapi.json": "Did you mean /fair/openapi.json?",
    "/fair/v1/events/": "Did you mean /fair/v1/events?",
    "/fair//v1/events": "Did you mean /fair/v1/events?",
    "//fair/v1/events": "Did you mean /fair/v1/events?",
    "/fair/v1%2fevents/": "Did you mean /fair/v1/events?",
    "/fair/v1/%65vents%2F": "Did you mean /fair/v1/events?",
    "/Fair/V1/Events": "Did you mean /fair/v1/events?",
    "/fair/fair/v1/events": "Did you mean /fair/v1/events?",
    "/fair": "Did you mean /fair/?",
    "/fair/v1/terminal/me": ALL_PATHS,
    "/": ALL_PATHS,
    "/metrics": ALL_PATHS,
}


@pytest.mark.parametrize("path", MEANT)
async def test_a_wrong_path_is_told_the_one_that_was_meant(behind: GatewayApp, path: str) -> None:
    answer = await behind.send("POST", path, [])
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_resource")
    assert answer.json()["detail"].endswith(MEANT[path])


async def test_a_query_is_told_to_go(plain: GatewayApp) -> None:
    detail = (await plain.send("GET", "/v1/terminal?token=tf_1", [])).json()["detail"]
    assert detail.endswith("Leave out the question mark and what follows it.")
    assert "tf_1" not in detail


FORWARDED = [("x-forwarded-proto", "https"), ("x-forwarded-host", "fair.example"), ("x-forwarded-prefix", "/gate")]
SERVERS = [
    ("/fair", [], "/fair"),
    ("", [], "/"),
    ("", FORWARDED, "https://fair.example/gate"),
    ("/fair", FORWARDED, "https://fair.example/gate/fair"),
    ("", [("x-forwarded-prefix", "/gate")], "/gate"),
]


@pytest.mark.parametrize(("prefix", "headers", "url"), SERVERS)
async def test_the_document_names_the_address_that_its_reader_asked_for(
    paired: Paired, prefix: str, headers: list[tuple[str, str]], url: str
) -> None:
    async with gateway_app(paired, gateway_prefix=prefix, gateway_proxies="127.0.0.1") as app:
        document = (await app.send("GET", f"{prefix}/openapi.json", headers)).json()
    assert [one["url"] for one in document["servers"]] == [url]


@pytest.mark.parametrize("prefix", ["", "/fair"])
async def test_an_error_links_to_the_document_wherever_the_gateway_is_reached(paired: Paired, prefix: str) -> None:
    """A proxy strips `/gate`: the link still leads to the document (RFC 3986, section 5.2)."""
    async with gateway_app(paired, gateway_prefix=prefix) as app:
        link = schema_link("fair.visitor.scanned.v1", "/data/dwell_ms")
        address = urljoin(f"https://fair.example/gate{prefix}{EVENTS_PATH}", link)
        document, _, pointer = address.removeprefix("https://fair.example/gate").partition("#")
        served = (await app.send("GET", document, [])).json()
    assert reduce(getitem, pointer.split("/")[1:], served)["type"] == "object"


async def test_the_root_says_where_the_gateway_is_described_until_it_ends(behind: GatewayApp) -> None:
    answer = await behind.send("GET", "/fair/", [])
    assert (answer.status_code, json.loads(answer.text)) == (200, {"openapi": "/fair/openapi.json"})
    behind.gateway.draining = True
    assert (await behind.send("GET", "/fair/", [])).status_code == 503


PAGE = "https://booths.example"


@pytest.fixture
async def shared(paired: Paired) -> AsyncIterator[GatewayApp]:
    async with gateway_app(paired, gateway_origins=f"{PAGE},https://app.example:8443", gateway_rate=2) as app:
        yield app


async def test_a_page_of_a_named_origin_may_post_and_read_answers_and_problems(shared: GatewayApp) -> None:
    """Fetch standard, section 3.3: what a browser asks for, before a post with a token and after it."""
    asked = [
        ("origin", PAGE),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,ce-id,content-type"),
        ("access-control-request-private-network", "true"),
    ]
    before = await shared.send("OPTIONS", "/v1/events", asked)
    assert before.status_code == 204
    assert before.headers["access-control-allow-origin"] == PAGE
    assert before.headers["access-control-allow-methods"] == "OPTIONS, POST"
    assert before.headers["access-control-allow-headers"] == "authorization,ce-id,content-type"
    assert before.headers["access-control-allow-private-network"] == "true"
    assert "access-control-allow-credentials" not in before.headers
    for answer in (
        await shared.who_am_i(BOOTH, {"origin": PAGE}),
        await shared.send("POST", "/v1/events", [("origin", PAGE)]),
        await shared.send("GET", "/nothing", [("origin", PAGE)]),
    ):
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert {"Retry-After", "Request-Id", "Terminal-Copies"} <= {
            *answer.headers["access-control-expose-headers"].split(", ")
        }
        assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://booths.example", "null", f"{PAGE}.evil.example", ""]
)
async def test_a_page_of_another_origin_is_not_let_in(
    shared: GatewayApp, caplog: pytest.LogCaptureFixture, origin: str
) -> None:
    asked = [("origin", origin), ("access-control-request-method", "POST")]
    answers = [await shared.send("OPTIONS", "/v1/events", asked) for _ in range(2)]
    assert not [name for answer in answers for name in answer.headers if name.startswith("access-control")]
    assert answers[0].headers["vary"] == "Origin", "a cache must not give this answer to a page that is let in"
    assert [line for line in caplog.messages if "FAIRPULSE_GATEWAY_ORIGINS" in line][1:] == []
    assert caplog.text.count("may not post") == 1


async def test_by_default_no_page_is_let_in_and_with_a_star_every_one(plain: GatewayApp, paired: Paired) -> None:
    asked = [("origin", PAGE), ("access-control-request-method", "POST"), ("webhook-request-origin", "a.example")]
    closed = await plain.send("OPTIONS", "/v1/events", asked)
    assert {name for name in closed.headers if name.startswith(("access", "vary", "webhook"))} == set()
    async with gateway_app(paired, gateway_origins="*") as app:
        answer = await app.send("OPTIONS", "/v1/events", asked)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["webhook-allowed-origin"] == "*"


@pytest.mark.parametrize(
    ("origin", "rate", "allowed", "granted"),
    [
        ("booths.example", None, "booths.example", "120"),  # 2 events per second, in the setting
        ("Booths.Example", "100", "booths.example", "100"),
        ("app.example:8443", "1000", "app.example:8443", "120"),
        ("booths.example", "*", "booths.example", "120"),
        ("evil.example", "100", None, None),
    ],
)
async def test_a_web_hook_is_agreed_to_if_its_origin_is_named(
    shared: GatewayApp, origin: str, rate: str | None, allowed: str | None, granted: str | None
) -> None:
    """HTTP 1.1 Web Hooks for Event Delivery 1.0, sections 4.1 and 4.2: the rate counts requests per minute."""
    asked = [("webhook-request-origin", origin), *([("webhook-request-rate", rate)] if rate else [])]
    answer = await shared.send("OPTIONS", "/v1/events", asked)
    assert answer.status_code == 204
    assert answer.headers.get("webhook-allowed-origin") == allowed
    assert answer.headers.get("webhook-allowed-rate") == granted
