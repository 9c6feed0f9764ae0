"""What is public is documented, what is generated is fresh, and what is said twice is said alike."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from dashboards.__main__ import FILES, GENERATED
from schemas.environment import variable
from schemas.settings import ALL_SETTINGS
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


@pytest.mark.parametrize("name", FILES)
def test_a_generated_file_is_fresh(name: str) -> None:
    assert (GENERATED / name).read_text(encoding="utf-8") == FILES[name](), "run: make generate"


def test_every_setting_is_described() -> None:
    for cls in ALL_SETTINGS:
        for name, field in cls.model_fields.items():
            assert field.description, f"{cls.__name__}.{name} wants a docstring"


def test_the_readme_names_only_commands_targets_and_settings_that_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    known = {variable(name) for cls in ALL_SETTINGS for name in cls.model_fields}
    words = readme.replace("`", " ").replace("=", " ").replace("(", " ").split()
    for word, following in pairwise(words):
        if (
            word == "make"
            and following.isalpha()
            and following in ("demo", "test", "check", "bench", "load", "generate", "lock")
        ):
            assert f"\n{following}:" in makefile
        if word.startswith("FAIRPULSE_"):
            assert word.rstrip(".,;") in known
    for path in {word.strip("(),.;") for word in words if word.startswith(("schemas/", "streams/", "tests/"))}:
        if "<" not in path and "*" not in path:
            assert (ROOT / path).exists(), path


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
