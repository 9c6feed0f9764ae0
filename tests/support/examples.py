"""The golden examples of events, by class: tests over all kinds of events start from them."""

import json
from pathlib import Path
from typing import Any

import schemas
from schemas.events import Event, type_of
from schemas.wire import decode_strict

FOLDER = Path(schemas.__file__).parent / "examples"
EXAMPLES = sorted(path for path in FOLDER.rglob("*") if path.is_file())


def example_path(kind: type[Event], name: str) -> Path:
    """Return where an example of a class of events belongs; each has `minimal` and `full`."""
    return FOLDER / type_of(kind) / f"{name}.json"


def has_example(kind: type[Event]) -> bool:
    """Whether the minimal example exists: when tests are collected, a kind without one is left out."""
    return example_path(kind, "minimal").exists()


def example(kind: type[Event], name: str = "minimal") -> bytes:
    """Return the example of a class of events with this name."""
    path = example_path(kind, name)
    assert path.exists(), f"add {path.relative_to(FOLDER.parents[1])}"
    return path.read_bytes()


def example_event(kind: type[Event]) -> Event:
    """Return the minimal example as an event."""
    return decode_strict(example(kind))


def example_fields(kind: type[Event], **changed: object) -> dict[str, Any]:
    """Return the fields of the minimal example, some of them changed."""
    fields: dict[str, Any] = json.loads(example(kind))
    return fields | changed
