"""Stories of the small fair, told as records: the cases of the KPIs and the golden recordings."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from schemas.fair.file import example_fair_path, parse_fair
from schemas.fair.model import Fair
from schemas.recording.reader import Recording
from streams.audit.recount.oracle import StoredRecord
from tests.support import builders

TESTS = Path(__file__).parents[1]
CASES = TESTS / "kpis" / "cases"
RECORDINGS = TESTS / "recordings"
BUILDERS = {
    "scan": builders.scan,
    "touch": builders.touch,
    "annulled": builders.annulled,
    "registered": builders.registered,
    "meeting": builders.meeting,
    "deal": builders.deal,
    "amended": builders.amended,
    "cancelled": builders.cancelled,
}

ODD = ("but", "bytes", "topic")
"""Words of a case beside those of its builder: other fields (null removes one), a length, another topic."""


class Story(NamedTuple):
    """Events that happen, apart from their meaning for any KPI.

    Attributes:
        name: its place below tests/, without the suffix.
        content: eight hex digits of its events and its fair file; a story with other content is another story.
        fair_file: describes the fair where it happens.
        records: tells it.
    """

    name: str
    content: str
    fair_file: bytes
    records: Callable[[], list[StoredRecord]]

    @property
    def fair(self) -> Fair:
        """The fair where it happens."""
        return fair_in(self.fair_file)


def records_of(events: list[dict[str, Any]]) -> list[StoredRecord]:
    """Return the records of events as a case writes them."""
    made, ends = [], dict[str, int]()
    for words in events:
        if "raw" in words:
            topic, key, value = words["topic"], b"", words["raw"].encode()
        else:
            builder, *_ = words
            event = BUILDERS[builder](words[builder], **{name: words[name] for name in words.keys() - {builder, *ODD}})
            topic, _, _, key, value = builders.record(event)
            topic, value = words.get("topic", topic), _altered(value or b"", words)
        offset = ends[topic] = ends.get(topic, -1) + 1
        made.append((topic, 0, offset, key, value))
    return made


def _altered(value: bytes, words: Mapping[str, Any]) -> bytes:
    """Return a record changed by `but` and `bytes`, such as none of our terminals would send."""
    if "but" in words:
        fields = json.loads(value) | words["but"]
        value = json.dumps({name: field for name, field in fields.items() if field is not None}).encode()
    return value.ljust(words.get("bytes", 0))


def all_stories() -> Iterator[Story]:
    """Yield all cases and all recordings, by name. A recording happens at the fair that travels inside it."""
    for path in sorted(CASES.glob("*/*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        events, file = case["events"], fair_file_of(case)
        told = json.dumps(events, sort_keys=True).encode()
        yield Story(_name(path), _content(told, file), file, lambda events=events: records_of(events))  # type: ignore[misc]
    for path in sorted(RECORDINGS.glob("*.fairrec")):
        inside = Recording(path).fair_file()
        yield Story(_name(path), _content(path.read_bytes()), inside, lambda path=path: _recorded(path))  # type: ignore[misc]


def fair_file_of(case: Mapping[str, Any]) -> bytes:
    """Return the fair file of a case: the small fair's, with some of its text replaced if the case says so."""
    text = example_fair_path("small").read_text(encoding="utf-8")
    for old, new in case.get("fair", {}).items():
        assert old in text, f"{old} is not in the fair file of the small fair"
        text = text.replace(old, new)
    return text.encode()


@cache
def fair_in(file: bytes) -> Fair:
    """Return the fair that a fair file describes."""
    return parse_fair(file.decode(), "the fair file of a story")


def _recorded(path: Path) -> list[StoredRecord]:
    """Return the records of a recording, all in one partition."""
    ends, made = dict[str, int](), list[StoredRecord]()
    for one in Recording(path).records():
        offset = ends[one.topic] = ends.get(one.topic, -1) + 1
        made.append((one.topic, 0, offset, one.key, one.value))
    return made


def _name(path: Path) -> str:
    return str(path.relative_to(TESTS).with_suffix(""))


def _content(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:8]
