"""How one of our processes starts another."""

import sys
from typing import Final

PROGRAM: Final = (sys.executable, "-P", "-m", "fairpulse")
"""The command line of `fairpulse` in the same environment. With -P, no module in the current folder gets in its way."""


def module(name: str) -> tuple[str, ...]:
    """Return the command line of one of our modules, wherever fairpulse is installed."""
    code = (
        "import fairpulse, runpy; fairpulse.use_packages(first=True); "
        f"runpy.run_module({name!r}, run_name='__main__', alter_sys=True)"
    )
    return (sys.executable, "-P", "-c", code)
