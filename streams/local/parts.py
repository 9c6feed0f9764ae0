"""A program that runs as part of a demo: started, waited for, and started again when it dies."""

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self
from urllib.error import URLError
from urllib.request import urlopen

from rich.console import Console

from schemas.errors import Unavailable
from streams.local.children import Children

STARTING_KAFKA: Final = "starting Kafka (the first run downloads 45 MB)"
ANSWER_SECONDS = 2
"""How long a part may take to answer a question."""

LAST_LINES: Final = 8
"""How many lines of its log are shown of a part that ended by itself."""


@dataclass(slots=True)
class Part:
    """A running program of the demo.

    Attributes:
        again: starts it with the same command line, ports and files.
        answers: whether it does its work.
        meanwhile: in a few words, what is going on while it is away.
        deaths: when it ended by itself, by the monotonic clock; those by a signal are not among them.
        heard: when it last answered, by the same clock.
    """

    name: str
    popen: subprocess.Popen[bytes]
    log: Path
    again: Callable[[], subprocess.Popen[bytes]]
    answers: Callable[[], bool] = lambda: True
    meanwhile: str = "it is being started again"
    deaths: list[float] = field(default_factory=list)
    heard: float = field(default_factory=time.monotonic)

    @classmethod
    def start(
        cls,
        children: Children,
        home: Path,
        name: str,
        program: Sequence[str | Path],
        answers: Callable[[], bool] = lambda: True,
        meanwhile: str = "it is being started again",
    ) -> Self:
        """Start a program; its log is in `home`."""
        log = home / f"{name}.log"

        def again() -> subprocess.Popen[bytes]:
            return children.start(program, log)

        return cls(name, again(), log, again, answers, meanwhile)

    def ended(self) -> Unavailable:
        """Return the error that it has ended by itself, with the last line it said; the lines before it are shown.

        Its log is gone when the demo is.
        """
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["it said nothing"]
        *before, last = lines[-LAST_LINES:]
        for line in before:
            note(f"{self.name}: {line}")
        more = "the lines above are its last ones; " if before else ""
        return Unavailable(
            f"the {self.name} ended with exit code {self.popen.returncode}: {last.removeprefix('error: ')}",
            hint=f"{more}mend that, then start again",
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


def answers_at(url: str) -> bool:
    """Return whether a program that we have started answers there with 200."""
    try:
        with urlopen(url, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - a server that we have started
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def is_ready(url: str) -> bool:
    """Return whether one of the house's programs says that it is ready."""
    return answers_at(f"{url}/readyz")


def page_at(url: str) -> str | None:
    """Return the text that a program answers there with; None while it does not answer."""
    try:
        with urlopen(url, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - a server that we have started
            return str(answer.read(), "utf-8")
    except (URLError, OSError, ValueError):
        return None


def told_at(url: str) -> dict[str, Any]:
    """Return the JSON object that a program answers there with; empty while it does not answer."""
    said: dict[str, Any] = {}
    with suppress(ValueError):
        said = json.loads(page_at(url) or "{}")
    return said


def say(what: str) -> None:
    """Tell what is being done, on standard error."""
    note(f"{what} ...")


def note(what: str) -> None:
    """Tell something on standard error."""
    tell(what, Console(stderr=True))


def tell(what: str, screen: Console) -> None:
    """Print a text: on a terminal it is wrapped at words, elsewhere it stays one line."""
    screen.print(what, soft_wrap=not screen.is_terminal, markup=False, highlight=False)
