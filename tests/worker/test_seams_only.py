"""Outside streams/worker/seams, the worker uses only documented features of Faust, mode and aiokafka."""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKER = ROOT / "streams" / "worker"
INSIDE = sorted((WORKER / "seams").glob("*.py"))
OUTSIDE = sorted(set(WORKER.rglob("*.py")) - set(INSIDE))

LIBRARIES = ("faust", "mode", "aiokafka")
DOCUMENTED = {"faust", "faust.auth", "faust.types", "mode", "aiokafka.errors"}
"""Modules with public names only."""
PYTHONS_OWN = {"os._exit"}
"""Documented by Python, although they begin with an underscore."""
TOUCHES = {
    "consumer._fetch_max_wait_ms",
    "consumer._fetch_min_bytes",
    "consumer._coordinator",
    "consumer._client",
    "consumer._isolation_level",
    "fetcher._default_reset_strategy",
    "client._conns",
    "self._ensure_consumer()._client",
    "self._ensure_consumer()._fetcher",
    "self._ensure_consumer()._subscription",
}
"""Private attributes of other objects that the seams use, each marked SLF001 on its line."""


def imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield module and name of everything that a file imports from the libraries."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = [(node.module or "", alias.name) for alias in node.names]
        else:
            continue
        yield from ((module, name) for module, name in found if module.split(".")[0] in LIBRARIES)


def private(tree: ast.AST) -> Iterator[str]:
    """Yield every private attribute of other objects, as it is written in the file."""
    for node in ast.walk(tree):
        is_private = isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.endswith("__")
        if is_private and not (isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}):
            yield ast.unparse(node)


def names_of_own(cls: ast.ClassDef) -> set[str]:
    """Return the private names that a class defines, sets or uses on itself."""
    defined = {node.name for node in cls.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    used = {
        node.attr
        for node in ast.walk(cls)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }
    return {name for name in defined | used if name.startswith("_") and not name.endswith("__")}


def of_a_library(cls: type) -> Iterator[type]:
    """Return the ancestors of a class that belong to the libraries."""
    return (base for base in cls.__mro__ if base.__module__.split(".")[0] in LIBRARIES)


def has(base: type, name: str) -> bool:
    """Return whether a class has an attribute, even if only its instances have it."""
    return name in vars(base) or re.search(rf"\bself\.{name}\b", inspect.getsource(base)) is not None


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: path.name)
def test_only_the_seams_know_what_the_libraries_do_not_document(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert {module for module, _ in imports(tree)} <= DOCUMENTED, "import it in a seam"
    assert [name for _, name in imports(tree) if name.startswith("_")] == []
    assert set(private(tree)) <= PYTHONS_OWN, "touch it in a seam"
    calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not calls & {"vars", "setattr", "getattr", "delattr"}, "patch it in a seam"
    assert "SLF001" not in text


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: path.name)
def test_a_class_outside_the_seams_shares_no_private_name_with_the_library_class_it_extends(path: Path) -> None:
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            cls = getattr(module, node.name)
            shared = {
                (base.__name__, name) for base in of_a_library(cls) for name in names_of_own(node) if has(base, name)
            }
            assert not shared, f"{node.name} overrides or reads what is private to a library"


def test_the_seams_use_only_the_private_attributes_listed_here_and_mark_each_line() -> None:
    touched = {name for path in INSIDE for name in private(ast.parse(path.read_text(encoding="utf-8")))}
    assert {name for name in touched if not name.startswith("super()")} == TOUCHES
    for path in INSIDE:
        for line in path.read_text(encoding="utf-8").splitlines():
            assert ("SLF001" in line) == any(name in line for name in TOUCHES), line


@pytest.mark.parametrize("path", [path for path in INSIDE if path.name != "__init__.py"], ids=lambda path: path.name)
def test_a_seam_says_for_which_version_it_was_written(path: Path) -> None:
    assert "Read with faust-streaming" in (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
