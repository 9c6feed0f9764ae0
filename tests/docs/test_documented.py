"""Public code is documented, generated files are fresh, and a fact that is written twice is the same in both places."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from dashboards.__main__ import FILES, GENERATED
from schemas.events import type_of
from schemas.settings import ALL_SETTINGS
from schemas.topics import ALL_TOPICS, EVENT_CLASSES
from streams.local.jars import VERSION

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "streams", "producers", "dashboards")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MOST_LINES = 400


def public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Yield public functions, classes and methods; an override inherits its contract, a stub that of its class."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node
            for member in node.body:
                if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and not member.name.startswith("_"):
                    decorators = {ast.unparse(decorator) for decorator in member.decorator_list}
                    stub = ast.unparse(member.body[-1]) == "..."
                    if not stub and not decorators & {"override"} and not any("overload" in one for one in decorators):
                        yield member
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_and_everything_public_in_it_has_a_docstring(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if tree.body:
        assert ast.get_docstring(tree), "say in a line what the module owns"
    silent = [node.name for node in public(tree) if not ast.get_docstring(node)]
    assert not silent, f"say what these give: {', '.join(silent)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_short_enough_to_be_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES, "split it by subject"


def named(tree: ast.Module) -> Iterator[str]:
    """Yield the public classes of a module and its names for types: what a reader looks up by name alone."""
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                if name[0].isupper() and not name.isupper():
                    yield name


def test_a_class_name_or_a_name_for_a_type_stands_for_one_thing_in_the_house() -> None:
    homes: dict[str, list[str]] = {}
    for path in MODULES:
        for name in set(named(ast.parse(path.read_text(encoding="utf-8")))):
            if not name.startswith("_"):
                homes.setdefault(name, []).append(str(path.relative_to(ROOT)))
    twice = [f"{name} in {' and '.join(paths)}" for name, paths in sorted(homes.items()) if len(paths) > 1]
    assert not twice, "give each a name of its own, what it is to the fair or to its room:\n" + "\n".join(twice)


def test_types_of_events_and_names_of_topics_are_spelt_where_they_are_declared() -> None:
    """The recount spells them a second time on purpose: it shares nothing with the product."""
    declared = (ROOT / "schemas" / "events.py", ROOT / "schemas" / "topics.py")
    types, names = {type_of(kind) for kind in EVENT_CLASSES}, {topic.name for topic in ALL_TOPICS}
    spelt = []
    for path in MODULES:
        if path in declared or path.is_relative_to(ROOT / "streams" / "audit" / "recount"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                text = node.value
                if text in names or any(one in text for one in types):
                    spelt.append(f"{path.relative_to(ROOT)}:{node.lineno}: {text[:60]}")
    assert not spelt, "use type_of(...) or the topic's name:\n" + "\n".join(spelt)


@pytest.mark.parametrize("name", FILES)
def test_a_generated_file_is_fresh(name: str) -> None:
    assert (GENERATED / name).read_text(encoding="utf-8") == FILES[name](), "run: make generate"


def test_every_setting_is_described() -> None:
    for cls in ALL_SETTINGS:
        for name, field in cls.model_fields.items():
            assert field.description, f"{cls.__name__}.{name} wants a docstring"


@pytest.mark.parametrize(
    "command",
    [
        *("audit", "backfill", "dead-letters", "demo", "fair", "gateway", "kafka", "kpis", "rebuild", "record"),
        *("recording", "replay", "simulate", "terminal", "terminals", "topics", "worker"),
    ],
)
def test_every_command_has_help_and_needs_nothing_for_it(command: str) -> None:
    program = Path(sys.executable).with_name("fairpulse")
    shown = subprocess.run([program, command, "--help"], capture_output=True, text=True, check=True)
    assert "Usage: fairpulse" in shown.stdout
    overview = subprocess.run([program, "--help"], capture_output=True, text=True, check=True)
    assert f"\n  {command} " in overview.stdout


def test_compose_runs_the_kafka_that_the_tests_run() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    assert services["kafka"]["image"] == f"apache/kafka:{VERSION}"
