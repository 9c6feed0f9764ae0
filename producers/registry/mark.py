"""Marks: how far a registry file has followed the topic fair.terminals. A file that nobody shares has none."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from producers.registry.file import RegistryFile
from schemas.registry_changes import NOTHING

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS mark (
    one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, head INTEGER NOT NULL, digest BLOB NOT NULL
) STRICT
"""


@dataclass(frozen=True, slots=True)
class TopicMark:
    """A place in the topic.

    Attributes:
        position: offset of the next record to read.
        head: offset of the last change that counts, which the next one must continue.
        digest: SHA-256 of the record before `position`; empty at the beginning. In a topic that was made anew, another
            record is there, or none.
    """

    position: int
    head: int
    digest: bytes


START: Final = TopicMark(0, NOTHING, b"")


def mark_of(file: RegistryFile) -> TopicMark | None:
    """Return the mark of a file; None if it does not follow the topic. Raises Unavailable if it cannot be read."""
    found = file.rows("SELECT position, head, digest FROM mark") if file.has("mark") else []
    return TopicMark(*found[0]) if found else None


def set_mark(file: RegistryFile, mark: TopicMark) -> None:
    """Set the mark of a file, within `changing`."""
    file.write(_SCHEMA)
    file.write("INSERT OR REPLACE INTO mark VALUES (1, ?, ?, ?)", (mark.position, mark.head, mark.digest))


@contextmanager
def changing_alone(file: RegistryFile) -> Iterator[None]:
    """Change a file without the topic: it loses its mark, so that nobody takes it for a copy of the topic again.

    Raises:
        Unavailable: the file cannot be written.
    """
    with file.changing():
        if file.has("mark"):
            file.write("DELETE FROM mark")
        yield
