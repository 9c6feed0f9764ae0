"""The doors let no final status out for a body that was not read whole, whatever the rooms behind them say."""

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive

from producers.gateway.app import Gateway
from producers.gateway.http.answering import Reply
from producers.gateway.http.doors import Doors
from producers.gateway.http.incoming import Incoming
from producers.gateway.http.problems import FINAL, KINDS, RequestRefused
from producers.gateway.run import create_gateway
from schemas.api.http import EVENTS_PATH
from schemas.fair.file import example_fair_path, load_fair
from schemas.settings import GatewaySettings, KafkaSettings

PART: Message = {"type": "http.request", "body": b"[", "more_body": True}
LAST: Message = {"type": "http.request", "body": b"]", "more_body": False}
GONE: Message = {"type": "http.disconnect"}


class Hasty(Gateway):
    """A gateway that judges a posting after a chosen part of it."""

    answer: Reply | RequestRefused
    parts: int

    async def post_events(self, incoming: Incoming) -> Reply:
        if self.parts:
            await incoming.body(self.patience, lambda _: None)
        if isinstance(self.answer, RequestRefused):
            raise self.answer
        return self.answer


def hasty(answer: Reply | RequestRefused, parts: int, folder: Path) -> Hasty:
    settings = GatewaySettings(terminals_file=folder / "terminals.sqlite")
    usual = create_gateway(load_fair(example_fair_path("small")), KafkaSettings(), settings)
    made = Hasty(**{one.name: getattr(usual, one.name) for one in fields(usual)})
    made.answer, made.parts = answer, parts
    return made


async def told(gateway: Hasty, *messages: Message) -> tuple[int, dict[str, Any]]:
    """Return status and body of the answer to a posting whose body arrives in these messages."""
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    guest = gateway.accounts.let_in(gateway.accounts.of_address("198.51.100.7"))
    request = {"type": "http", "method": "POST", "path": EVENTS_PATH, "query_string": b"", "headers": []}
    scope = {**request, "state": {"guest": guest}}
    await Doors(gateway)(scope, arriving(iter(messages)), send)
    return said[0]["status"], json.loads(said[1]["body"])


def arriving(messages: Iterator[Message]) -> Receive:
    async def receive() -> Message:
        return next(messages)

    return receive


CODES = [code for code, kind in KINDS.items() if kind.status in FINAL]
UNREAD = {"rest follows": (PART, LAST), "rest is cut off": (PART, GONE), "nothing comes": (GONE,)}


@pytest.mark.parametrize("messages", UNREAD.values(), ids=UNREAD)
@pytest.mark.parametrize("code", CODES)
async def test_a_refusal_of_a_body_that_was_not_read_is_a_408(
    code: str, messages: tuple[Message, ...], tmp_path: Path
) -> None:
    status, problem = await told(hasty(RequestRefused(code), 0, tmp_path), *messages)
    if code == "body_too_large":  # it is too large already, whatever follows
        assert (status, problem["code"]) == (413, code)
    else:
        assert (status, problem["code"], problem["action"]) == (408, "body_cut", "resend")


@pytest.mark.parametrize("status", sorted(status for status in FINAL if status < 400))
async def test_a_receipt_for_a_body_that_was_not_read_is_a_bug_with_an_unknown_outcome(
    status: int, tmp_path: Path
) -> None:
    got, problem = await told(hasty(Reply(status, (), b"{}"), 0, tmp_path), PART, LAST)
    assert (got, problem["code"], problem["outcome"]) == (500, "bug", "unknown")


@pytest.mark.parametrize("code", CODES)
async def test_a_refusal_of_a_body_that_was_read_stands(code: str, tmp_path: Path) -> None:
    status, problem = await told(hasty(RequestRefused(code), 2, tmp_path), PART, LAST)
    assert (status, problem["code"]) == (KINDS[code].status, code)


async def test_a_receipt_for_a_body_that_was_read_stands(tmp_path: Path) -> None:
    assert (await told(hasty(Reply(202, (), b"{}"), 2, tmp_path), PART, LAST))[0] == 202


def test_the_final_statuses_are_those_of_the_readme() -> None:
    assert {202, 207, 409, 413, 422} == FINAL
