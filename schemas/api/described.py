"""The descriptions in our documents, taken from the docstrings of the models."""

import ast
import inspect
import re
import textwrap
from enum import Enum
from itertools import pairwise
from typing import Any, Final

_ENTRY: Final = re.compile(r"^    (\w+): ", re.MULTILINE)


def summary(model: type[Any]) -> str:
    """Return what a class is: its docstring without the list of attributes."""
    return _parts(model)[0]


def attributes(model: type[Any]) -> dict[str, str]:
    """Return what the fields of a class mean, those of its bases included; a field without a word is left out."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__[:-1]):
        _, *entries = _ENTRY.split(_parts(base)[1])
        found |= {name: " ".join(told.split()) for name, told in zip(entries[::2], entries[1::2], strict=True)}
    return found


def members(words: type[Enum]) -> dict[str, str]:
    """Return what the words of a closed list mean: the docstrings under them; a word without one is left out."""
    (body,) = (node.body for node in ast.parse(textwrap.dedent(inspect.getsource(words))).body if hasattr(node, "body"))
    found: dict[str, str] = {}
    for word, after in pairwise(body):
        if isinstance(word, ast.Assign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            name = ast.unparse(word.targets[0])
            found[str(words[name].value)] = " ".join(str(after.value.value).split())
    return found


def _parts(model: type[Any]) -> tuple[str, str]:
    text, _, rest = inspect.cleandoc(model.__dict__.get("__doc__") or "").partition("\nAttributes:")
    return " ".join(text.split()), rest
