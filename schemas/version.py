"""Which version of fairpulse this is, as its package says it."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def our_version() -> str:
    """Return the version of fairpulse; "unknown" if it is run from a folder and not installed."""
    try:
        return version("fairpulse")
    except PackageNotFoundError:
        return "unknown"


def build_info() -> dict[str, str]:
    """Return the labels of a program's `build_info` series: version of fairpulse, and of Python."""
    return {"version": our_version(), "python": platform.python_version()}
