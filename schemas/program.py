"""How one of our processes starts another."""

import sys
from typing import Final

PROGRAM: Final = (sys.executable, "-P", "-m", "fairpulse")
"""The command line of `fairpulse` in the same environment. With -P, no module in the current folder gets in its way."""
