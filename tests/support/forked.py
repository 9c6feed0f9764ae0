"""Runs commands as programs of their own, hundreds of them: a process that has imported everything forks for each.

A real start takes a second, a fork a few milliseconds. The child gets its own standard streams. It ends as Python does:
standard output is flushed once more, and a failure of that is exit code 120.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVER = """
import gc, json, os, sys
import click
import fairpulse
fairpulse.use_packages(first=True)
from schemas.console import main, program
for name in program.list_commands(click.Context(program)):
    program.get_command(click.Context(program), name)
import schemas.kinds, schemas.settings, streams.audit.run
gc.freeze()

def put(number, how):
    if how == "closed":
        os.close(number)
    elif how == "gone":
        reader, writer = os.pipe()
        os.close(reader)
        os.dup2(writer, number)
        os.close(writer)
    else:
        opened = os.open(how, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, number)
        os.close(opened)

for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        put(1, asked["out"])
        put(2, asked["err"])
        sys.stdout = None if asked["out"] == "closed" else sys.stdout
        sys.stderr = None if asked["err"] == "closed" else sys.stderr
        os.environ.update(asked["environment"])
        sys.argv = ["fairpulse", *asked["arguments"]]
        try:
            main()
        except SystemExit as end:
            code = end.code
        except BaseException:
            sys.excepthook(*sys.exc_info())
            code = 1
        try:
            sys.stdout.flush()
        except BaseException as error:
            print("Exception ignored:", repr(error), file=sys.stderr)
            code = 120
        sys.stderr.flush()
        os._exit(code)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


class Forker:
    """Runs one command after another."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process, self._folder = process, folder

    def run(
        self, arguments: Sequence[str], *, out: str = "", err: str = "", environment: Mapping[str, str] | None = None
    ) -> Ended:
        """Run a command; `out` and `err` are `closed`, `gone` (nobody reads), a file, or nothing, to be returned."""
        files = {name: self._folder / name for name in ("out", "err")}
        for file in files.values():
            file.write_text("")
        asked: dict[str, Any] = {"arguments": list(arguments), "environment": dict(environment or {})}
        asked |= {"out": out or str(files["out"]), "err": err or str(files["err"])}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return Ended(code, files["out"].read_text(), files["err"].read_text())


@contextmanager
def forker(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Forker]:
    """Start the process that forks; commands run in the folder, with some variables more."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, **(environment or {})},
    ) as process:
        yield Forker(process, folder)
        assert process.stdin
        process.stdin.close()
