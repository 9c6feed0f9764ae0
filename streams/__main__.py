"""`python -m streams`: the commands of the stream side."""

import sys

from schemas.console import run
from streams.cli import commands

if __name__ == "__main__":
    sys.exit(run(commands))
