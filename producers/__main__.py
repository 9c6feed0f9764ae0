"""`python -m producers`: the commands of the producer side."""

import sys

from producers.cli import commands
from schemas.console import run

if __name__ == "__main__":
    sys.exit(run(commands))
