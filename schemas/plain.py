"""Validation of values that were already parsed from JSON, so that no text is parsed twice."""

from typing import Any, Final

from pydantic import TypeAdapter
from pydantic_core import SchemaValidator

_BY_VALUE: Final = frozenset({"dataclass", "enum"})
"""Kinds of nodes for which strict pydantic wants an instance if it gets Python values. JSON has no instances."""
_NO_SCHEMA: Final = frozenset({"metadata", "serialization"})
"""Members of a node that say nothing about validation."""


def plain_validator(adapter: TypeAdapter[Any]) -> SchemaValidator:
    """Return a validator whose `validate_python` judges parsed JSON as the adapter's `validate_json` judges the text.

    The adapter's own schema is changed where the two differ: an enum is given as its word and a dataclass as an object.
    If a type has different schemas for JSON and Python, the one for JSON is used. All other strictness stays. The size
    of the text and its duplicate keys cannot be checked here.
    """
    # A class has a ready-made validator, which would be used instead of the schema given here.
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
