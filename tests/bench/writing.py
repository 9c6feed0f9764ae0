"""Put what was measured into the table of tests/bench/README.md: `--write` of the programs beside this one."""

import os
import platform
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from dashboards.figures import ROOT, measured_again
from schemas.environment import PREFIX

PAGE = ROOT / "tests" / "bench" / "README.md"
UNITS = {"ratio": "times", "bytes": "bytes per event"}
"""Units of the benchmark that a reader of the table would not understand alone; the others stay."""


def value_text(name: str, value: float, unit: str) -> str:
    """Return a value as the table shows it: three digits that count, or whole thousands, with the unit."""
    per = "bytes per record" if name.endswith("bytes_per_record") else UNITS.get(unit, unit)
    return f"{value:,.0f} {per}" if value >= 1_000 else f"{value:.3g} {per}"


def machine() -> str:
    """Return this machine in the words of the table."""
    return f"{os.cpu_count()} cores, {platform.python_implementation()} {platform.python_version()}"


def command_of(script: str, arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the command that was typed, as the table names it: with the settings of the environment."""
    settings = [
        f"{name}={shlex.quote(value)}" for name, value in sorted(environment.items()) if name.startswith(PREFIX)
    ]
    return " ".join([*settings, "python", script, *(shlex.quote(one) for one in arguments if one != "--write")])


def write(values: Mapping[str, str], command: str, today: str, page: Path = PAGE) -> list[str]:
    """Put values into the rows of this command; return the names of those that the page has.

    Args:
        values: a value with its unit by the name of its figure.
        today: the day of the measurement, as 2026-11-29.
    """
    text, written = measured_again(page.read_text(encoding="utf-8"), values, today, machine(), command)
    page.write_text(text, encoding="utf-8")
    return written
