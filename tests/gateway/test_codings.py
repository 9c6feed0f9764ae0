"""Compressed bodies: unpacked within the limit of a body, byte by byte paid for, and refused by name."""

import gzip
import os
import zlib
from typing import Any

import pytest

from producers.gateway.events.codings import MEMBERS_MAX, NotGzip, codings_in, unpacked
from producers.gateway.http.heading import Heading
from producers.gateway.http.problems import RequestRefused
from schemas.api.http import BODY_MAX_BYTES

TEXT = b'{"a": "b"}' * 100
PACKED = gzip.compress(TEXT)


def heading(*codings: str) -> Heading:
    return Heading("POST", "/v1/events", b"", {"content-encoding": list(codings)} if codings else {})


@pytest.mark.parametrize(
    ("codings", "times"),
    [
        ([], 0), ([""], 0), (["identity"], 0), (["gzip"], 1), (["GZip"], 1), (["x-gzip"], 1), (["gzip, identity"], 1),
        (["identity", "gzip"], 1), (["gzip", "gzip"], 2), (["gzip , ,x-gzip"], 2),
    ],
    ids=str,
)  # fmt: skip
def test_the_head_says_how_often_a_body_was_compressed(codings: list[str], times: int) -> None:
    assert codings_in(heading(*codings)) == times


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "gzip, br", "gzip;q=1", "*", "gzip,gzip,gzip,gzip"])
def test_another_coding_is_refused_with_those_that_are_taken(coding: str) -> None:
    with pytest.raises(RequestRefused, match="media_type") as refused:
        codings_in(heading(coding))
    assert refused.value.accept == (b"accept-encoding", b"gzip")


def paid(body: bytes, codings: int = 1) -> tuple[bytes, list[int]]:
    """Return the unpacked body, and what was charged for it."""
    charged: list[int] = []
    return unpacked(body, codings, charged.append), charged


RANDOM = os.urandom(200_000)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (PACKED, TEXT),
        (gzip.compress(TEXT) + gzip.compress(b"") + gzip.compress(b"x"), TEXT + b"x"),
        (gzip.compress(b"x") * MEMBERS_MAX, b"x" * MEMBERS_MAX),
        (gzip.compress(RANDOM), RANDOM),
        (gzip.compress(RANDOM, 0), RANDOM),
        (gzip.compress(b" " * BODY_MAX_BYTES), b" " * BODY_MAX_BYTES),
        (b"", b""),
    ],
    ids=["one member", "three members", "many members", "random", "stored", "as large as a body", "nothing"],
)
def test_a_body_is_unpacked_whole_and_charged_in_place_of_what_was_received(body: bytes, expected: bytes) -> None:
    made, charged = paid(body)
    assert made == expected
    assert sum(charged) == len(expected) - len(body)
    assert max(charged, default=0) <= 65_536


def test_a_body_that_was_compressed_twice_is_charged_for_what_is_kept_of_it() -> None:
    twice = gzip.compress(PACKED)
    made, charged = paid(twice, 2)
    assert made == TEXT
    assert sum(charged) == len(TEXT) - len(twice)


DAMAGED = {
    "something else": TEXT,
    "cut in the data": PACKED[:20],
    "cut in the header": PACKED[:5],
    "cut before the checksum": PACKED[:-8],
    "cut in the length": PACKED[:-1],
    "a wrong checksum": PACKED[:-8] + bytes([PACKED[-8] ^ 1]) + PACKED[-7:],
    "a wrong length": PACKED[:-1] + b"\x01",
    "trailing garbage": PACKED + b"x",
    "trailing zeros": PACKED + bytes(8),
    "a second member, cut": PACKED + PACKED[:-3],
    "zlib": zlib.compress(TEXT),
    "too many members": gzip.compress(b"") * (MEMBERS_MAX + 1),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_body_that_is_not_what_its_head_says_is_refused(name: str) -> None:
    with pytest.raises(NotGzip):
        paid(DAMAGED[name])


@pytest.mark.parametrize("large", [BODY_MAX_BYTES + 1, 200_000_000])
def test_a_bomb_is_unpacked_no_further_than_a_body_may_be(large: int) -> None:
    charged: list[int] = []
    with pytest.raises(RequestRefused, match="body_too_large"):
        unpacked(gzip.compress(b" " * large, 9), 1, charged.append)
    assert sum(charged) <= BODY_MAX_BYTES


def test_a_bomb_in_a_bomb_is_not_unpacked_either() -> None:
    with pytest.raises(RequestRefused, match="body_too_large"):
        paid(gzip.compress(gzip.compress(b" " * 200_000_000)), 2)


def test_who_cannot_pay_gets_nothing_more() -> None:
    pieces = []

    def charge(size: int) -> Any:
        if size > 0:
            pieces.append(size)
            raise RequestRefused("busy")

    with pytest.raises(RequestRefused, match="busy"):
        unpacked(gzip.compress(bytes(500_000)), 1, charge)
    assert len(pieces) == 1
