"""Digests of all numbers in every story, by version: `python -m tests.kpis.digests` writes them to a file.

The fingerprint of a state cannot see the code of a measure, of decoding and admission, or of the fold. So all cases and
recordings are folded, and a digest of the numbers of each KPI and trace is kept with its version. If the version is the
same but the digest is not, two meanings have the same name, and a worker would mix the numbers of both. The command
writes new stories, new KPIs and raised versions. It refuses to overwrite a digest whose version was not raised. A story
whose events or fair file were changed counts as a new story.
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from streams.fold.engine import Engine
from streams.fold.meaning import FOLD_VERSION
from streams.fold.state import PartitionState
from streams.fold.windows import day_values, fair_values, pane_values, people_of
from streams.kpis.aggregates import Aggregate
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.definition import Derived, Folded, Kpi, Trace, Window
from streams.shown.view import View
from tests.support.stories import Story, all_stories
from tests.support.streams_of import parsed

FILE = Path(__file__).with_name("digests.json")
COMMAND = "run: make generate"
NOTHING = ""
"""The digest of a KPI without numbers in a story."""


@dataclass(frozen=True)
class Digests:
    """The digests of KPIs and traces in stories.

    Attributes:
        fold: version of the fold that made them.
        stories: by name, a digest of the content that was folded.
        versions: version of each KPI and trace.
        digests: by KPI or trace and story; left out where it has no number.
        follows: for each KPI that is a view, the traces that it reads.
    """

    fold: int
    stories: Mapping[str, str]
    versions: Mapping[str, int]
    digests: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    follows: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def digest(self, kpi: str, story: str) -> str:
        """Return one digest."""
        return self.digests.get(kpi, {}).get(story, NOTHING)


def fold(kpis: Sequence[Kpi[Any, Any]] = ALL_KPIS, stories: Iterable[Story] | None = None) -> Digests:
    """Return the digests that KPIs have in stories today."""
    told = list(all_stories() if stories is None else stories)
    engines = {
        file: Engine(fair, timedelta(seconds=30), kpis)
        for file, fair in {story.fair_file: story.fair for story in told}.items()
    }
    folded = {one.name: one for engine in engines.values() for one in engine.folded}
    all_of = {**{kpi.name: kpi for kpi in kpis}, **folded}
    digests: dict[str, dict[str, str]] = {name: {} for name in all_of}
    for story in told:
        engine, state = engines[story.fair_file], PartitionState()
        for (_, topic), log in parsed(story.records(), story.fair).items():
            engine.apply(state, engine.fold(state, topic, log))
        for name, one in all_of.items():
            numbers = _numbers(engine, state, one)
            if numbers:
                digests[name][story.name] = hashlib.sha256(repr(numbers).encode()).hexdigest()[:8]
    versions = {name: one.version for name, one in all_of.items()}
    follows = {
        kpi.name: [trace.name for trace in kpi.aggregate.of] for kpi in kpis if isinstance(kpi.aggregate, Derived)
    }
    return Digests(FOLD_VERSION, {story.name: story.content for story in told}, versions, digests, follows)


def _numbers(engine: Engine, state: PartitionState, one: Folded[Any, Any]) -> list[tuple[object, ...]]:
    """Return all numbers that are not zero, sorted. Windows of minutes are those of the newest event."""
    end, people = View(engine, lambda: {0: state}).end_minute() or 0, people_of(state, engine.fair)
    if isinstance(one, Trace):
        assert isinstance(one.aggregate, Aggregate)
        found: dict[tuple[str, str], Any] = {
            ("day", day): {(group,): one.aggregate.value(total) for group, total in cells.get(one.key, {}).items()}
            for day, cells in state.days.items()
        }
    else:
        assert isinstance(one, Kpi)
        found = {
            (window.value, ""): pane_values(state, one, window, end, people) for window in one.windows if window.minutes
        }
        if Window.DAY in one.windows:
            found |= {("day", day): day_values(state, one, day, people) for day in state.days}
        if Window.FAIR in one.windows:
            found["fair", ""] = fair_values(state, one, people)
    return sorted(
        (*where, *map(str, labels), value)
        for where, values in found.items()
        for labels, value in values.items()
        if value
    )


def changed(known: Digests, now: Digests) -> list[str]:
    """Return a line for each KPI whose numbers in a known story changed under the same version; empty if none did.

    A view follows from the traces that it reads, so it is named only if none of those changed.
    """
    if known.fold > now.fold:
        return [f"FOLD_VERSION in streams/fold/meaning.py went back from {known.fold} to {now.fold}: raise it"]
    lines, red = [], set[str]()
    for kpi, version in sorted(now.versions.items(), key=lambda one: one[0] in now.follows):
        before = known.versions.get(kpi)
        if before is None:
            continue
        if version < before:
            lines.append(f"{kpi}: its version went back from {before} to {version}: raise it above {before}")
        elif version == before and known.fold == now.fold:
            stories = [
                f"tests/{story}"
                for story, content in now.stories.items()
                if known.stories.get(story) == content and known.digest(kpi, story) != now.digest(kpi, story)
            ]
            bases = now.follows.get(kpi, ())
            if any(known.versions.get(base) != now.versions[base] or base in red for base in bases):
                continue  # it has no measure of its own: it follows from the traces
            if stories:
                red.add(kpi)
                more = f" and {len(stories) - 1} more" if len(stories) > 1 else ""
                lines.append(
                    f"{kpi}: its numbers changed under version {version}, in {stories[0]}{more}: "
                    f"raise `version` of the KPI to {version + 1}, or correct its measure "
                    "(if fold, decoding or admission changed: raise FOLD_VERSION in streams/fold/meaning.py)"
                )
    return lines


def stale(known: Digests, now: Digests) -> list[str]:
    """Return a line for everything that is missing from the file or no longer exists."""
    lines = [f"tests/{story} is new, or was changed: {COMMAND}" for story, content in now.stories.items()
             if known.stories.get(story) != content]  # fmt: skip
    lines += [f"tests/{story} is gone: {COMMAND}" for story in known.stories if story not in now.stories]
    lines += [f"{kpi} is new: {COMMAND}" for kpi in now.versions if kpi not in known.versions]
    lines += [f"{kpi} is gone: {COMMAND}" for kpi in known.versions if kpi not in now.versions]
    lines += [f"{kpi} has a new version: {COMMAND}" for kpi, version in now.versions.items()
              if known.versions.get(kpi, version) != version]  # fmt: skip
    return lines if lines or known.fold == now.fold else [f"the fold has a new version: {COMMAND}"]


def read() -> Digests:
    """Return the digests in the file; none if there is no file yet."""
    if not FILE.exists():
        return Digests(FOLD_VERSION, {}, {})
    return Digests(**json.loads(FILE.read_text(encoding="utf-8")))


def text_of(digests: Digests) -> str:
    """Return digests in the format of the file."""
    return json.dumps(asdict(digests), indent=1, sort_keys=True) + "\n"


def main() -> int:
    """Write the digests to the file; with --check only report what is stale."""
    known, now = read(), fold()
    wrong = changed(known, now)
    if "--check" in sys.argv:
        wrong += stale(known, now)
    elif not wrong and text_of(known) != text_of(now):
        FILE.write_text(text_of(now), encoding="utf-8")
        print(f"wrote {FILE.relative_to(FILE.parents[2])}")
    for line in wrong:
        print(f"error: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
