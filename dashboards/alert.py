"""What an alert is."""

from dataclasses import dataclass
from typing import Final

OPEN: Final = "and on () (fair:open == 1)"
"""Put behind a condition that matters only while the fair is open."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert.

    Attributes:
        wait: how long the expression must be true first.
        summary: one line; may use `{{ $labels.x }}` and `{{ $value }}`.
        runbook: its page; by default the one with its own name.
    """

    name: str
    severity: str
    expr: str
    wait: str
    summary: str
    runbook: str = ""
