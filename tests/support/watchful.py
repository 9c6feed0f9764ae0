"""A worker that looks at its logs every second: `python -m tests.support.watchful worker`."""

from schemas.console import main
from streams.__main__ import streams
from streams.worker import watching

if __name__ == "__main__":
    watching.LOOK_S = 1.0  # type: ignore[misc]
    main(streams)
