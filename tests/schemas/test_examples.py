"""The golden examples in schemas/examples are what we promise to read: changing one breaks a terminal in the field."""

import json
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from schemas.admission import admission
from schemas.events import BadgeRegistered, Event, VisitorScan, type_of
from schemas.fair.file import example_fair_path, load_fair, parse_fair
from schemas.topics import EVENT_CLASSES, topic_of
from schemas.wire import decode_strict, decoder, encode
from tests.support.examples import EXAMPLES, FOLDER, example

KINDS = {type_of(kind): kind for kind in EVENT_CLASSES}

each_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")


FAIR_FILE = example_fair_path("ciftis")


@pytest.fixture(scope="module")
def ciftis() -> Any:
    """Return the check of events at the fair ciftis, by whether it has a register of badges."""
    with_register = FAIR_FILE.read_text(encoding="utf-8") + "badge_register: yes\n"
    return {False: admission(load_fair(FAIR_FILE)), True: admission(parse_fair(with_register, FAIR_FILE.name))}


@each_example
def test_an_example_is_accepted_by_producers_workers_and_the_fair(path: Path, ciftis: Any) -> None:
    event = decode_strict(path.read_bytes())
    assert decoder(topic_of(event).name)(path.read_bytes()) == event
    ciftis[True](event)
    if not isinstance(event, BadgeRegistered):
        ciftis[False](event)


@each_example
def test_an_example_is_of_the_kind_that_its_folder_names(path: Path) -> None:
    assert path.suffix == ".json"
    assert path.parent.parent == FOLDER
    assert type(decode_strict(path.read_bytes())) is KINDS[path.parent.name]


@each_example
def test_an_example_written_again_keeps_every_value_and_adds_only_defaults(path: Path) -> None:
    given = json.loads(path.read_bytes())
    event = decode_strict(path.read_bytes())
    written = json.loads(encode(event))
    assert _within(given, written)
    assert decode_strict(encode(event)) == event


@pytest.mark.parametrize("kind", EVENT_CLASSES)
def test_the_full_example_has_every_field_and_is_written_again_as_it_is(kind: type[Event]) -> None:
    raw = example(kind, "full")
    given = json.loads(raw)
    assert given.keys() == {field.name for field in fields(kind) if field.name != "_"}
    assert json.loads(encode(decode_strict(raw))) == given


@pytest.mark.parametrize("kind", EVENT_CLASSES)
def test_the_minimal_example_has_only_what_must_be_there(kind: type[Event]) -> None:
    given = json.loads(example(kind))
    must = {field.name for field in fields(kind) if field.default is MISSING and field.name != "_"}
    # An entry needs a badge and a gate, and where no register knows the role, the role.
    needed = {"badge_ref", "gate_id", "badge_role"} if kind is VisitorScan else set()
    assert given.keys() == must | {"type"} | needed


def test_event_ids_of_examples_are_unique() -> None:
    owners: dict[str, Path] = {}
    for path in EXAMPLES:
        event_id = json.loads(path.read_bytes())["event_id"]
        first = owners.setdefault(event_id, path)
        assert first == path, (
            f"{first.relative_to(FOLDER)} and {path.relative_to(FOLDER)} in schemas/examples have the same event_id; "
            "give the new example an event_id of its own"
        )


def _within(given: Any, written: Any) -> bool:
    """Return whether every value given is written, at its place."""
    if isinstance(given, dict):
        return all(name in written and _within(value, written[name]) for name, value in given.items())
    if isinstance(given, list):
        return len(given) == len(written) and all(map(_within, given, written))
    return bool(given == written)
