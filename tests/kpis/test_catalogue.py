"""The catalogue as a whole: names, labels, and the fingerprint that keeps meanings apart."""

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import msgspec
import pytest

from schemas.codes import ExhibitorType, ScanKind
from schemas.events import VisitorScan
from schemas.fair.model import Exhibitor, Fair
from schemas.profiles import ABC
from streams.fold import calendar, identity, meaning, state
from streams.fold.engine import Engine
from streams.fold.identity import TOPIC_NUMBERS, numbered
from streams.kpis.aggregates import Count, Distinct
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.definition import Derived, Kpi, On, Window
from streams.kpis.gates import GATE_PASSAGES
from streams.kpis.labels import Label
from tests.support.streams_of import FAIR

LATENESS = timedelta(seconds=30)


def test_names_are_unique_and_in_snake_case() -> None:
    names = [kpi.name for kpi in ALL_KPIS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*[a-z]", name) for name in names)


@pytest.mark.parametrize("kpi", ALL_KPIS, ids=lambda kpi: kpi.name)
def test_a_kpi_says_what_it_answers_and_where_its_definition_comes_from(kpi: Kpi[Any, Any]) -> None:
    assert re.fullmatch(r"[A-Z].*\?", kpi.question)
    assert kpi.source
    assert kpi.windows
    assert kpi.occasions or isinstance(kpi.aggregate, Derived)


@pytest.mark.parametrize("kpi", ALL_KPIS, ids=lambda kpi: kpi.name)
def test_a_kpi_with_a_label_of_many_values_is_wide(kpi: Kpi[Any, Any]) -> None:
    assert kpi.wide or not any(label.many for label in kpi.labels)


Plain = int | bytes | timedelta


def is_record(value: object) -> bool:
    """Return whether this is a class of records, which the journal writes field by field."""
    return isinstance(value, type) and issubclass(value, msgspec.Struct)


def fingerprint(fair: Fair = FAIR, lateness: timedelta = LATENESS, kpis: tuple[Kpi[Any, Any], ...] = ALL_KPIS) -> str:
    return Engine(fair, lateness, kpis).fingerprint


def with_another(module: Any, name: str, value: object) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, value)
        return fingerprint()


def changed(**change: Any) -> tuple[Kpi[Any, Any], ...]:
    return tuple(replace(kpi, **change) if kpi is GATE_PASSAGES else kpi for kpi in ALL_KPIS)


@pytest.mark.parametrize(
    "other",
    [
        lambda: fingerprint(kpis=changed(version=2)),
        lambda: fingerprint(kpis=changed(windows=(Window.DAY,))),
        lambda: fingerprint(kpis=changed(labels=(Label.GATE,))),
        lambda: fingerprint(kpis=changed(aggregate=Distinct())),
        lambda: fingerprint(kpis=changed(on=On((ScanKind.ENTRY,)))),
        lambda: fingerprint(kpis=changed(on=On((ScanKind.ENTRY, ScanKind.EXIT, VisitorScan)))),
        lambda: fingerprint(kpis=ALL_KPIS[1:]),
        lambda: with_another(meaning, "FOLD_VERSION", meaning.FOLD_VERSION + 1),
        lambda: with_another(meaning, "TOPIC_NUMBERS", numbered(reversed(TOPIC_NUMBERS))),
        lambda: with_another(meaning, "TOPIC_NUMBERS", {**TOPIC_NUMBERS, "fair.raincoats": len(TOPIC_NUMBERS)}),
        lambda: fingerprint(lateness=timedelta(seconds=31)),
        lambda: fingerprint(replace_fair(badge_register=True)),
        lambda: fingerprint(replace_fair(days=(replace(FAIR.days[0], opens=time(8)), *FAIR.days[1:]))),
        lambda: fingerprint(replace_fair(rates={})),
    ],
)
def test_another_meaning_has_another_fingerprint(other: Callable[[], str]) -> None:
    assert other() != fingerprint()


NOT_HASHED = {"TERMINAL_SHIFT", "KEY_BYTES", "MOST_MEMBERS", "WRITER_BYTES", "MINUTE_MS"}
"""Numbers that follow from hashed ones, and the length of a minute."""


def constants(module: Any) -> list[str]:
    """Return the names of the numbers, time spans and bytes that a module itself defines."""
    tree = ast.parse(inspect.getsource(module))
    targets = [node.targets[0] if isinstance(node, ast.Assign) else node.target for node in tree.body
               if isinstance(node, ast.Assign | ast.AnnAssign)]  # fmt: skip
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    return [name for name in names if not name.startswith("_") and isinstance(getattr(module, name), Plain)]


@pytest.mark.parametrize(
    "name",
    sorted({*constants(identity), *constants(calendar), *constants(state), "LONGEST"} - NOT_HASHED),
)
def test_every_number_of_layout_and_limits_has_its_part_in_the_fingerprint(name: str) -> None:
    value: Any = getattr(meaning, name)
    assert with_another(meaning, name, value + value) != fingerprint()


@pytest.mark.parametrize("record", [one for one in vars(state).values() if is_record(one)])
def test_one_more_field_of_a_journalled_record_changes_the_fingerprint(record: type[msgspec.Struct]) -> None:
    longer = msgspec.defstruct(record.__name__, [*record.__struct_fields__, "more"])
    assert with_another(meaning, record.__name__, longer) != fingerprint()


def test_parts_that_the_fold_does_not_use_change_no_meaning() -> None:
    seen_alike = changed(question="How many?", wide=True, unscraped=(Window.FAIR,), warn_above=7.0, source="elsewhere")
    assert fingerprint(kpis=seen_alike) == fingerprint()
    assert fingerprint(kpis=tuple(reversed(ALL_KPIS))) == fingerprint()
    assert fingerprint(replace_fair(host_country="FR", profile=ABC)) == fingerprint()
    assert fingerprint(kpis=changed(on=On(tuple(reversed(GATE_PASSAGES.occasions))))) == fingerprint()


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    probe = "from tests.kpis.test_catalogue import fingerprint; print(fingerprint())"
    for seed in ("0", "1"):
        told = subprocess.run(
            [sys.executable, "-c", probe],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            check=True,
        )
        assert told.stdout.decode().strip() == fingerprint()


def test_a_new_or_corrected_exhibitor_changes_no_meaning() -> None:
    corrected = replace(FAIR.exhibitors["e1"], section="travel")
    assert fingerprint(replace_fair(exhibitors={**FAIR.exhibitors, "e1": corrected})) == fingerprint()
    newcomer = Exhibitor("e9", "Newcomer", "FR", ExhibitorType.MAIN, "finance", "h1", "h1-009")
    assert fingerprint(replace_fair(exhibitors={**FAIR.exhibitors, "e9": newcomer})) == fingerprint()
    assert fingerprint(kpis=changed(question="How many?", aggregate=Count())) == fingerprint()


def replace_fair(**change: Any) -> Fair:
    return replace(FAIR, **change)
