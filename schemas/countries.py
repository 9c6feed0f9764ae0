"""The countries of ISO 3166-1, and which of them a person means who writes something else."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from schemas.nearest import nearest

_HABITS: Final = MappingProxyType({"UK": "GB", "EL": "GR", "USA": "US", "UAE": "AE", "PRC": "CN", "ROK": "KR"})
"""Short forms that people write, and that are not codes of the list."""


@cache
def country_names() -> Mapping[str, str]:
    """Return English names by code: those of ISO 3166-1 that the time zones' data list."""
    table = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return MappingProxyType({row[0]: row[1] for row in rows})


def country_code(typed: str) -> str:
    """Return the code of a country, typed in any case; empty if ISO 3166-1 does not list it."""
    code = typed.upper() if typed.isascii() else ""  # capitals of other letters are not what was typed: ß, ﬁ
    return code if code in country_names() else ""


def country_meant(typed: str) -> str:
    """Return the code that a person means by a code, a short form or a name, in any case; empty if none is near."""
    code = _HABITS.get(typed.upper(), typed.upper())
    if code in country_names():
        return code
    by_name = {name: code for code, name in country_names().items()}
    return by_name.get(nearest(typed, by_name), "")
