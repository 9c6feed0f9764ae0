"""A body costs a bounded time to read: its values are counted before it is parsed, and its numbers are not too long."""

import base64
import json
import re
from collections.abc import Callable
from math import inf
from string import ascii_lowercase
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.gateway.events import json_reading
from producers.gateway.events.intake import Intake
from producers.gateway.events.json_reading import ALONE, CONTAINERS_MAX, DIGITS_MAX, VALUES_MAX, TooManyValues, parsed
from producers.gateway.events.media import Announced
from producers.gateway.events.memory import Remembered
from producers.gateway.events.reading import UnreadableBody, read_posting
from producers.gateway.http.problems import KINDS
from schemas.api.http import BODY_MAX_BYTES, EVENTS_MAX, EXTENSION_MAX_BYTES, EXTENSIONS_MAX, Action
from schemas.fair.file import example_fair_path, load_fair
from tests.support.gateway import BOOTH, deal, event

FAIR = load_fair(example_fair_path("small"))
RECEIVED = "2025-10-25T09:00:01.250Z"
PARTIES = [{"org_id": f"o{number}", "role": "seller", "country": "DE"} for number in range(32)]
SHORT_NAMES = [*ascii_lowercase, *map(str, range(10))][:EXTENSIONS_MAX]


def written(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def accepted(body: bytes) -> int:
    return Intake(FAIR, Remembered(1_000)).judge(read_posting(body, BOOTH, RECEIVED)).accepted


def densest() -> list[dict[str, Any]]:
    """Return a full batch of deals with all extensions, and as many parties as a body has room for."""
    batch = [{**deal(parties=[]), **dict.fromkeys(SHORT_NAMES, 1)} for _ in range(EVENTS_MAX)]
    left = BODY_MAX_BYTES - len(written(batch))
    count = min(len(PARTIES), left // EVENTS_MAX // (len(written(PARTIES[-1])) + 1))
    for one in batch:
        one["data"]["parties"] = PARTIES[:count]
    return batch


MARKS = {"commas": ",", "brackets": "[", "braces": "{", "quotes": '"', "backslashes": "\\", "all": '[{,"\\'}
FULL: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "the densest deals": densest,
    **{
        f"extensions full of {name}": lambda mark=mark: [  # type: ignore[misc]
            event(subject=(mark * 900)[:900], traceparent=(mark * EXTENSION_MAX_BYTES)[:100]) for _ in range(EVENTS_MAX)
        ]
        for name, mark in MARKS.items()
        if name not in {"quotes", "backslashes", "all"}
    },
    **{
        f"texts of escaped {name}": lambda mark=mark: [  # type: ignore[misc]
            event(subject=f"{(mark * 400)[:400]},,,[[[{{") for _ in range(EVENTS_MAX)
        ]
        for name, mark in MARKS.items()
    },
}


@pytest.mark.parametrize("name", FULL)
def test_a_full_batch_of_good_events_is_taken_whatever_is_in_its_texts(name: str) -> None:
    body = written(FULL[name]())
    assert len(body) <= BODY_MAX_BYTES
    assert accepted(body) == EVENTS_MAX


def filling(unit: bytes) -> bytes:
    """Return a batch of one good event and one in which this is repeated until the body is full."""
    head, tail = written([event(), event(data={"x": [0]})]).split(b"0]")
    return head + unit * ((BODY_MAX_BYTES - len(head) - len(tail) - 2) // len(unit)) + b"0]" + tail


UNITS = [
    b"[],", b"{},", b'{"a":1},', b"1,", b'"",', b'"\\"",', b"[[[]]],", b"9" * (DIGITS_MAX + 1) + b"," + b"1," * 200,
    b'"[,",' * 9 + b"1,",
]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit[-12:].decode())
@pytest.mark.parametrize("head", [Announced(), Announced(True)], ids=["any", "a batch"])
def test_a_body_of_too_many_values_is_refused_before_it_is_parsed(
    unit: bytes, head: Announced, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_reading.jiter, "from_json", None)
    with pytest.raises(UnreadableBody, match="too_many_fields"):
        read_posting(filling(unit), BOOTH, RECEIVED, head=head)


def test_what_has_too_many_values_is_kept_and_sent_in_halves() -> None:
    kind = KINDS["too_many_fields"]
    assert (kind.status, kind.action) == (400, Action.BISECT)


@pytest.mark.parametrize(
    ("values", "containers"),
    [(ALONE * VALUES_MAX, 1), (ALONE * VALUES_MAX, ALONE * CONTAINERS_MAX), (0, ALONE * CONTAINERS_MAX)],
    ids=["values", "both", "containers"],
)
@pytest.mark.parametrize("text", ["", ",[{" * 9_000, '\\"\\\\' * 9_000], ids=["", "marks", "escapes"])
def test_the_bound_is_the_same_whatever_is_in_a_text(values: int, containers: int, text: str) -> None:
    inner = ["[]"] * (containers - 1)
    inner += ["1"] * (values - containers - len(inner))
    fitting = f'["{text}",{",".join(inner)}]'.encode()
    assert len(parsed(fitting)) == len(inner) + 1
    with pytest.raises(TooManyValues):
        parsed(fitting[:-1] + b",[]]")


def test_as_many_texts_as_values_are_read_each_with_a_name() -> None:
    many = {f"k{number}": ",,,," for number in range(ALONE * VALUES_MAX - 1)}
    assert parsed(written(many)) == many


def test_the_data_of_an_event_in_base64_are_bounded_too() -> None:
    data = b'{"x":[' + b"[]," * 9_000 + b"0]}"
    one = event(data=..., data_base64=base64.b64encode(data).decode())
    judged = Intake(FAIR, Remembered(9)).judge(read_posting(written(one), BOOTH, RECEIVED))
    assert [(fate.code, fate.pointer) for fate in judged.misread] == [("bad_value", "/data_base64")]


LONG = ["9" * (DIGITS_MAX + 1), "1" + "0" * 400, "123" * 4_000]
texts = st.lists(st.sampled_from(['"', "\\", "\n", "é", "-", ".", "e", "[", ",", "0", *LONG]), max_size=5).map("".join)
numbers = st.sampled_from(
    ["0", "-1", "1.5", "1e5", "9" * DIGITS_MAX]
    + [
        form.format(long)
        for long in LONG
        for form in ("{}", "-{}", "{}.5", "{}e5", "-{}.25E+7", "0.{}", "1.{}e-7", "2e-{}", "2.5E{}", "-2e+{}")
    ]
)
items = st.recursive(
    texts.map(json.dumps) | numbers | st.sampled_from(["true", "null"]),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda some: f"[{' , '.join(some)}]")
        | st.dictionaries(texts, inner, max_size=3).map(
            lambda some: "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in some.items()) + "}"
        )
    ),
    max_leaves=12,
)


REFUSED = "refused"


def number(text: str) -> float | int:
    """Return a number as it is read."""
    found = re.fullmatch(r"(-?)(\d+)(.*)", text)
    assert found is not None
    if len(found[2]) > DIGITS_MAX:
        return -inf if found[1] else inf
    return float(text) if found[3] else int(text)


@settings(max_examples=400, deadline=None)
@given(items)
def test_only_a_number_of_too_many_digits_is_read_as_an_infinity(text: str) -> None:
    assert parsed(text.encode()) == json.loads(text, parse_int=number, parse_float=number)


@settings(max_examples=400, deadline=None)
@given(items, st.data())
def test_what_is_not_json_is_not_read_because_a_number_in_it_is_long(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text) - 1))
    broken = text[:at] + data.draw(st.sampled_from(["", '"', "\\", "0", "e", "-", ".", "]", "+"])) + text[at + 1 :]
    try:
        expected = json.loads(broken, parse_int=number, parse_float=number)
    except ValueError:
        expected = REFUSED
    try:
        found = parsed(broken.encode())
    except ValueError as error:
        found = expected if "duplicate key" in str(error) else REFUSED
    assert found == expected
