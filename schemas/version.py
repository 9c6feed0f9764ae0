"""Which version of fairpulse this is, as its package says it."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def build_info() -> dict[str, str]:
    """Return the labels of a program's `build_info` series: version of fairpulse, and of Python."""
    try:
        ours = version("fairpulse")
    except PackageNotFoundError:  # run from a folder, not installed
        ours = "unknown"
    return {"version": ours, "python": platform.python_version()}
