"""A new kind of event is a class, its examples and a line: tried in a copy of the repository, which then knows it.

The kind is one that nobody adds, and its lines are beside those that others change.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from schemas.events import type_of
from schemas.topics import EVENT_CLASSES, EVENT_TOPICS
from streams.audit.recount import rules
from tests.support.examples import example_path

ROOT = Path(__file__).parents[2]
TYPE = "fair.umbrella.lent.v1"
CLASS = '''

@dataclass(frozen=True, slots=True, config=STRICT)
class UmbrellaLent(Event):
    """An exhibitor lent somebody an umbrella, at the booth or at a gate."""

    posted_at: ClassVar[frozenset[PlaceKind]] = frozenset({PlaceKind.BOOTH, PlaceKind.GATE})

    _: KW_ONLY
    type: Literal["fair.umbrella.lent.v1"] = "fair.umbrella.lent.v1"
    exhibitor_id: ExhibitorId
    badge_ref: BadgeRef | None = None
    gate_id: GateId | None = None
'''
EXAMPLE = {
    "type": TYPE,
    "event_id": "0199313c-a807-7c4e-9d31-00b4e11a0001",
    "fair_id": "ciftis-2025",
    "terminal_id": "h1-001-a",
    "occurred_at": "2025-09-10T05:58:30.000Z",
    "received_at": "2025-09-10T05:58:31.000Z",
    "exhibitor_id": "qubit-lab",
}
MORE = {
    "event_id": "0199313c-a807-7c4e-9d31-00b4e11a0002",
    "terminal_seq": 7,
    "terminal_epoch": "3f9c01de",
    "clock_offset_ms": -20,
    "capture": "online",
    "test": False,
    "badge_ref": "ab" * 16,
    "gate_id": "north-1",
}
OWN_TOPIC = """UMBRELLAS = Topic(
    name="fair.umbrellas",
    description="Umbrellas that were lent.",
    events=(UmbrellaLent,),
    key=("badge_ref", "terminal_id"),
)
EVENT_TOPICS = (*EVENT_TOPICS, UMBRELLAS)
"""
TOPIC_OF_OTHERS = """INTERACTIONS = replace(INTERACTIONS, events=(*INTERACTIONS.events, UmbrellaLent))
"""
TOLD = """TYPES = {
    **TYPES,
    "TOPIC": {
        **TYPES.get("TOPIC", {}),
        "fair.umbrella.lent.v1": (
            *ENVELOPE,
            needed("exhibitor_id", name),
            nullable("badge_ref", badge),
            nullable("gate_id", name),
        ),
    },
}
"""
RECOUNT = "streams/audit/recount/rules.py"
NAMED = re.compile(rf"{RECOUNT}(?!:\d)").search
"""Whether a failure names the file in words; a traceback names it with a line."""
ASKING_THE_RECOUNT = ("tests/schemas/test_topics.py", "tests/schemas/test_bad_events.py")
OVER_ALL_KINDS = (
    *("tests/schemas/test_examples.py", "tests/schemas/test_wire.py", "tests/schemas/test_partitioning.py"),
    *("tests/gateway/test_documents.py", "tests/gateway/test_scope.py", "tests/kpis/test_catalogue.py"),
    *("tests/fold/test_identity.py", "tests/audit", "tests/kafka"),
)
"""Tests that go over all kinds of events or all topics. Those that need a Kafka are loaded, but not run."""
PROBE = """
import json, sys
from datetime import timedelta
from schemas.api.asyncapi import asyncapi_text
from schemas.api.openapi import openapi_text
from schemas.dead_letters import read_letter, record_letter
from schemas.errors import InvalidEvent
from schemas.fair.file import example_fair_path, load_fair
from schemas.topics import key_of, topic_of, topic_of_type
from schemas.wire import decode_strict, encode
from streams.fold.decoding import Decoding
from streams.fold.engine import Engine
from streams.fold.state import PartitionState
from streams.fold.windows import fair_values
from streams.kpis.quality import EVENTS

raw = sys.argv[1].encode()
fair = load_fair(example_fair_path("ciftis"))
event = decode_strict(raw)
topic = topic_of(event)
engine, state = Engine(fair, timedelta(seconds=30)), PartitionState()
good, refused = Decoding(fair).read(topic.name, [(0, raw), (1, raw[:-1])])
engine.apply(state, engine.fold(state, topic.name, good))
((_, _, error),) = refused
_, letter = record_letter(topic.name, 0, 1, raw[:-1], error)
openapi, asyncapi = json.loads(openapi_text()), json.loads(asyncapi_text())
print(json.dumps({
    "class": type(event).__name__,
    "written": json.loads(encode(event)),
    "topic": topic.name,
    "key": key_of(event).decode(),
    "topic of a posted one": topic_of_type(event.type).name,
    "topic of its dead letter": read_letter(letter).topic,
    "posted": openapi["components"]["schemas"]["Event"]["discriminator"]["mapping"][event.type],
    "channels": [name for name, one in asyncapi["channels"].items() if "UmbrellaLent" in one["messages"]],
    "deals": len(state.deals),
    "counted": {topic: count for (topic,), count in fair_values(state, EVENTS).items()},
}))
"""
POSTING = """
import json, sys
from producers.gateway.events.intake import Intake
from producers.gateway.events.memory import Remembered
from producers.gateway.events.reading import read_posting
from schemas.api.terminals import PlaceKind, Terminal
from schemas.dead_letters import read_letter
from schemas.fair.file import example_fair_path, load_fair
from schemas.topics import REJECTED

fair, example = load_fair(example_fair_path("ciftis")), json.loads(sys.argv[1])
intake = Intake(fair, Remembered(9))

def post(place, place_id, **more):
    terminal = Terminal(f"{place}-1", fair.fair_id, PlaceKind(place), place_id)
    data = {"exhibitor_id": example["exhibitor_id"], **more}
    event = {"specversion": "1.0", "id": example["event_id"], "source": terminal.source, "type": example["type"],
             "time": example["occurred_at"], "data": data}
    judged = intake.judge(read_posting(json.dumps(event).encode(), terminal, example["received_at"]))
    (fate,), (record,) = judged.fates, judged.records
    belongs = read_letter(record.value).topic if record.topic == REJECTED.name else record.topic
    return [fate.outcome, fate.code, fate.pointer, belongs]

booth = fair.exhibitors[example["exhibitor_id"]].booth
print(json.dumps({
    "a booth": post("booth", booth),
    "a gate": post("gate", "north-1", gate_id="north-1"),
    "a gate, for another one": post("gate", "north-1", gate_id="south-1"),
    "a hall": post("hall", "h1"),
}))
"""


def half_done() -> list[str]:
    """Return what this house itself lacks of the kinds that it has: the copy would lack it too."""
    examples = [example_path(kind, name) for kind in EVENT_CLASSES for name in ("minimal", "full")]
    return [
        *(str(path.relative_to(ROOT)) for path in examples if not path.exists()),
        *(f"{type_of(kind)} in {RECOUNT}" for topic in EVENT_TOPICS for kind in topic.events
          if type_of(kind) not in rules.TYPES.get(topic.name, {})),
    ]  # fmt: skip


def inserted(path: Path, before: str, lines: str) -> None:
    """Put lines before the first one that begins so."""
    text = path.read_text(encoding="utf-8")
    at = text.index(f"\n{before}") + 1
    path.write_text(text[:at] + lines + text[at:], encoding="utf-8")


def house_with_umbrellas(home: Path, *, own_topic: bool) -> Path:
    """Copy the house and do what a newcomer does: class, examples, line."""
    for folder in ("schemas", "streams", "producers", "dashboards", "tests"):
        skipped = shutil.ignore_patterns("__pycache__", "screenshots")
        shutil.copytree(ROOT / folder, home / folder, ignore=skipped)
    for file in ("fairpulse.py", "pyproject.toml", "README.md", "docker-compose.yml"):
        shutil.copy(ROOT / file, home)
    with (home / "schemas" / "events.py").open("a", encoding="utf-8") as events:
        events.write(CLASS)
    examples = home / "schemas" / "examples" / TYPE
    examples.mkdir()
    (examples / "minimal.json").write_text(json.dumps(EXAMPLE), encoding="utf-8")
    (examples / "full.json").write_text(json.dumps(EXAMPLE | MORE), encoding="utf-8")
    topics = home / "schemas" / "topics.py"
    inserted(topics, "from schemas.events import", "from schemas.events import UmbrellaLent\n")
    if own_topic:
        inserted(topics, "RECORDED_TOPICS = ", OWN_TOPIC)
    else:
        inserted(topics, "from dataclasses import", "from dataclasses import replace\n")
        inserted(topics, "EVENT_TOPICS = ", TOPIC_OF_OTHERS)
    return home


def python(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=home,
        env=os.environ | {"PYTHONPATH": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def failures(home: Path, *tests: str) -> dict[str, str]:
    """Run tests of a house; return what those that fail say, by their names."""
    report = home / "tests.xml"
    ran = python(
        home, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not broker", f"--junitxml={report}", *tests
    )
    assert ran.returncode in {0, 1}, ran.stdout + ran.stderr
    cases = list(ET.parse(report).iter("testcase"))
    assert cases
    return {
        case.attrib["name"]: f"{fault.get('message')}\n{fault.text}"
        for case in cases
        for fault in case
        if fault.tag in {"failure", "error"}
    }


@pytest.mark.parametrize(("own_topic", "topic"), [(True, "fair.umbrellas"), (False, "fair.interactions")])
def test_a_class_its_example_and_a_line_make_a_new_kind_of_event(tmp_path: Path, own_topic: bool, topic: str) -> None:
    house = house_with_umbrellas(tmp_path, own_topic=own_topic)
    probed = python(house, "-c", PROBE, json.dumps(EXAMPLE))
    assert probed.returncode == 0, probed.stderr
    found: dict[str, Any] = json.loads(probed.stdout)
    assert found.pop("written").items() >= EXAMPLE.items()
    assert found == {
        "class": "UmbrellaLent",
        "topic": topic,
        "key": EXAMPLE["terminal_id"],
        "topic of a posted one": topic,
        "topic of its dead letter": topic,
        "posted": "#/components/schemas/UmbrellaLent",
        "channels": [topic],
        "deals": 0,
        "counted": {topic: 1},
    }


def test_the_gateway_takes_it_from_the_places_that_its_class_names_and_for_no_other_place(tmp_path: Path) -> None:
    house = house_with_umbrellas(tmp_path, own_topic=True)
    posted = python(house, "-c", POSTING, json.dumps(EXAMPLE))
    assert posted.returncode == 0, posted.stderr
    assert json.loads(posted.stdout) == {
        "a booth": ["accepted", None, None, "fair.umbrellas"],
        "a gate": ["accepted", None, None, "fair.umbrellas"],
        "a gate, for another one": ["rejected", "out_of_scope", "/data/gate_id", "fair.umbrellas"],
        "a hall": ["rejected", "out_of_scope", "/type", "fair.umbrellas"],
    }


@pytest.mark.skipif(bool(half_done()), reason=f"first add what other tests ask for: {', '.join(half_done())}")
@pytest.mark.parametrize(
    ("own_topic", "topic", "more"),
    [
        (True, "fair.umbrellas", ()),
        pytest.param(True, "fair.umbrellas", OVER_ALL_KINDS, marks=pytest.mark.long),
        pytest.param(False, "fair.interactions", (), marks=pytest.mark.long),
    ],
)
def test_all_that_is_left_to_do_is_to_tell_the_recount_and_every_test_that_fails_says_so(
    tmp_path: Path, own_topic: bool, topic: str, more: tuple[str, ...]
) -> None:
    """It shares no code with the product: it must be told, and says where. Told, all are content."""
    house = house_with_umbrellas(tmp_path, own_topic=own_topic)
    generated = python(house, "-m", "dashboards")
    assert generated.returncode == 0, generated.stderr
    assert f"`{TYPE}`" in (house / "dashboards" / "generated" / "TOPICS.md").read_text(encoding="utf-8")

    red = failures(house, *ASKING_THE_RECOUNT)
    named = red[f"test_the_recount_knows_every_type_of_a_topic_by_a_list_of_its_own[{topic}]"]
    assert f"{RECOUNT}: TYPES[{topic!r}] needs the fields of ['{TYPE}']" in named
    riddles = {name: said for name, said in red.items() if not NAMED(said)}
    assert not riddles, riddles

    inserted(house / RECOUNT, "def read_event(", TOLD.replace("TOPIC", topic))
    left = failures(house, *ASKING_THE_RECOUNT, *more)
    assert not left, left
