"""A program that runs as part of a demo: started, waited for, and blamed when it ends by itself."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import click

from schemas.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Part:
    """A running program of the demo."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    def ended(self) -> Unavailable:
        """Return the error that it has ended by itself, with the last line it said."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["(it said nothing)"]
        return Unavailable(
            f"the {self.name} ended with exit code {self.popen.returncode}: {lines[-1]}",
            hint="run it by itself to see more: fairpulse --help",
        )


def wait_for(condition: Callable[[], bool], part: Part, seconds: float) -> None:
    """Return when the condition holds. Raises Unavailable if the part ends by itself, or is not ready in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if part.popen.poll() is not None:
            raise part.ended()
        if time.monotonic() > deadline:
            raise Unavailable(f"the {part.name} was not ready after {seconds:.0f} s", hint="is the machine very busy?")
        time.sleep(0.1)


def is_ready(url: str) -> bool:
    """Return whether a program of ours says that it is ready."""
    try:
        with urlopen(f"{url}/readyz", timeout=5) as answer:  # noqa: S310 - our own worker
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def say(what: str) -> None:
    """Tell what is being done, on standard error."""
    click.echo(f"{what} ...", err=True)


def note(what: str) -> None:
    """Tell something on standard error."""
    click.echo(what, err=True)
