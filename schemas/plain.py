"""The same schema for values that were parsed from JSON already, so that nobody parses a text twice."""

from typing import Any, Final

from pydantic import TypeAdapter
from pydantic_core import SchemaValidator

_BY_VALUE: Final = frozenset({"dataclass", "enum"})
"""Kinds of nodes of which strict pydantic wants an instance when it is given Python values. JSON has none to give."""
_NO_SCHEMA: Final = frozenset({"metadata", "serialization"})
"""Members of a node that say nothing about validation."""


def plain_validator(adapter: TypeAdapter[Any]) -> SchemaValidator:
    """Return a validator whose `validate_python` judges parsed JSON as the adapter's `validate_json` judges the text.

    What differs between the two is taken away from the adapter's own schema: an enum is given as its word, a dataclass
    as an object, and where a type has one schema for JSON and another for Python, it is the one for JSON. All other
    strictness stays. Size and double keys of the text are not seen here.
    """
    # A class brings a finished validator of its own, which would be taken instead of the schema that we hand over.
    return SchemaValidator(_plain(adapter.core_schema), _use_prebuilt=False)


def _plain(node: Any) -> Any:
    if isinstance(node, list | tuple):
        return type(node)(_plain(one) for one in node)
    if not isinstance(node, dict):
        return node
    kind = node.get("type")
    if kind == "json-or-python":
        return _plain(node["json_schema"])
    plain = {name: _plain(value) for name, value in node.items() if name not in _NO_SCHEMA}
    return {**plain, "strict": False} if kind in _BY_VALUE else plain
