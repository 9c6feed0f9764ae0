"""The one command `fairpulse`: each package brings its own subcommands (pyproject, `fairpulse.commands`)."""

import errno
import logging
import re
import shutil
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Final, NoReturn

import click
from click.exceptions import NoArgsIsHelpError
from typing_extensions import override

from schemas.errors import FairpulseError
from schemas.interrupts import end_at_once, end_cleanly
from schemas.nearest import nearest
from schemas.outputs import OutputLost, ReaderGone, drop_output, hold_outputs, reason

NAME: Final = "fairpulse"
"""The name that a person types to run `program`, however it was started."""

COMMANDS: Final = "fairpulse.commands"
"""The entry-point group in which packages declare their subcommands."""

SECTIONS: Final = {
    "Start here": ("demo", "fair", "kafka", "simulate"),
    "Run": ("gateway", "worker", "terminal", "kafka-exporter"),
    "Look": ("kpis", "dead-letters", "recording", "backfill"),
    "Prove": ("record", "replay", "audit", "rebuild"),
    "Administer": ("topics", "acls", "terminals", "badges", "dashboards", "settings"),
}
"""Commands as the help shows them, in this order. Python does not keep the order of pyproject."""

_OF_DISKS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EROFS})
"""Errors of the system that are about a file, even if they do not name it."""

WIDEST: Final = 80
"""Columns of a help page at most."""
NARROW: Final = 70
"""With fewer columns, a help page has no room for two columns of text."""
NARROWEST: Final = 20

MORE: Final = "More"
"""Title over commands that `SECTIONS` leaves out."""

_NO_LOG = logging.NullHandler()
"""Stands in for a log until a command sets one up, which takes it away."""

INTERRUPTED: Final = 128 + signal.SIGINT
"""Exit code after Ctrl-C, as shells expect it."""


class HelpPage(click.HelpFormatter):
    """A help page as wide as the terminal, 80 columns at most; in a narrow one, each text is below its option.

    The library's own page has 50 columns at least, and leaves a third of a narrow line to a text.
    """

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        columns = min(shutil.get_terminal_size().columns, max_width or WIDEST)
        super().__init__(indent_increment, width or max(columns - 2, NARROWEST), max_width)

    @override
    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        if self.width < NARROW:
            rows, col_max = [(name.rstrip(), text) for name, text in rows], self.indent_increment
        super().write_dl(rows, col_max, col_spacing)

    @override
    def write_text(self, text: str) -> None:
        if self.width < NARROW:  # a table, which click marks with \b, becomes a paragraph per line
            text = re.sub(
                r"^\x08\n((?:.+(?:\n|\Z))+)",
                lambda table: "\n\n".join(re.sub(" {2,}", ": ", line) for line in table[1].splitlines()) + "\n",
                text,
                flags=re.MULTILINE,
            )
        super().write_text(text)


click.Context.formatter_class = HelpPage


class Commands(click.Group):
    """A group that lists its commands in the order of `SECTIONS`, or as they were defined, and cuts no help short."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        helps = {
            name: command.get_short_help_str(limit=1_000)
            for name in self.list_commands(ctx)
            if (command := self.get_command(ctx, name)) is not None and not command.hidden
        }
        width = max(map(len, helps), default=0)
        for title, names in sections(list(helps)).items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), helps[name]) for name in names])

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            from schemas.kinds import quoted

            near = nearest(name, self.list_commands(ctx))
            ctx.fail(f"{quoted(name)} is not a command" + (f"; did you mean {near}?" if near else ""))
        return super().resolve_command(ctx, args)


def sections(names: Sequence[str]) -> dict[str, list[str]]:
    """Return titles and below each the commands of it, out of some; all below "Commands" if `SECTIONS` has none."""
    if not any(name in known for name in names for known in SECTIONS.values()):
        return {"Commands": list(names)} if names else {}
    found = {title: [name for name in known if name in names] for title, known in SECTIONS.items()}
    found[MORE] = [name for name in names if not any(name in known for known in SECTIONS.values())]
    return {title: listed for title, listed in found.items() if listed}


class Programs(Commands):
    """The group whose subcommands are the entry points of `COMMANDS`."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        there = sorted(point.name for point in self._points())
        return [name for names in sections(there).values() for name in names]

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for point in self._points():
            if point.name == cmd_name:
                command = point.load()
                assert isinstance(command, click.Command)
                return command
        return None

    @staticmethod
    def _points() -> Sequence[EntryPoint]:
        return tuple(entry_points(group=COMMANDS))


@click.group(cls=Programs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fairpulse")
def program() -> None:
    """Live and exact numbers for a trade fair.

    Booth terminals send events to a gateway, and Kafka keeps them. Workers turn
    the events into live numbers, which Prometheus stores and Grafana shows.

    New here? `fairpulse demo` plays a whole fair on this machine. Every command
    explains itself with --help. `fairpulse settings` lists the environment
    variables that further settings come from.
    """


def run(command: click.Command, arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; what goes wrong becomes one line with the remedy.

    0: done. A reader that closes the pipe early, as `head` does, is not an error either. 1: one of our errors, or a
    file or standard output that cannot be written. 2: wrong usage. 130, 143, 129: ended by Ctrl-C, SIGTERM, SIGHUP.
    """
    # Libraries log what they also raise; a command says it once, in our words. Services set up a log of their own.
    logging.getLogger().addHandler(_NO_LOG)
    try:
        code = _run(command, arguments)
        sys.stdout.flush()
    except ReaderGone:
        drop_output()
        return 0
    except OutputLost as error:
        _tell(error)
        drop_output()
        return 1
    return code


def _run(command: click.Command, arguments: Sequence[str] | None) -> int:
    try:
        # As a module, it would be called after its file: fairpulse.py.
        name = NAME if command is program else None
        result = command.main(args=arguments, prog_name=name, standalone_mode=False)
    except OutputLost:
        raise
    except FairpulseError as error:
        _tell(error)
        return 1
    except NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        click.echo(f"error: {_on_one_line(_usage(error, sys.argv[1:] if arguments is None else arguments))}", err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        return _interrupted(error.__cause__ or error)
    except OSError as error:
        if error.filename is None and not isinstance(error, PermissionError) and error.errno not in _OF_DISKS:
            raise  # of a connection, perhaps: a bug, which a traceback explains
        name = "a file" if error.filename is None else str(error.filename)
        _tell(FairpulseError(f"{name}: {reason(error)}", hint=_cure(error)))
        return 1
    return result if isinstance(result, int) else 0


def _interrupted(error: BaseException) -> int:
    """Return the exit code after a signal that asks for an end."""
    return 128 + int(getattr(error, "number", signal.SIGINT))


def _cure(error: OSError) -> str:
    """Return what to do about an error of the system that is about a file."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "name a place that is there, then run again"
    if error.errno in _OF_DISKS:
        return "make room or name another place, then run again"
    return "name another place, or get the right to use this one, then run again"


def _usage(error: click.ClickException, arguments: Sequence[str]) -> str:
    """Return what is wrong with the arguments, and where to read what is right."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    text = _wrong(error, arguments)
    return text if context is None or "; " in text else f"{text}; see `{context.command_path} --help`"


def _wrong(error: click.ClickException, arguments: Sequence[str]) -> str:
    from schemas.kinds import quoted

    match error:
        case click.MissingParameter(param=click.Parameter() as param):
            return f"{_as_typed(param, arguments)} is missing"
        case click.BadParameter(param=click.Parameter() as param):
            return f"{_as_typed(param, arguments)}: {_lower(error.message)}"
        case click.NoSuchOption():
            name = f"{quoted(error.option_name)} is not an option"
            near = nearest(error.option_name, error.possibilities or ())
            return f"{name}; did you mean {near}?" if near else name
        case click.BadOptionUsage(option_name=str() as name) if "requires" in error.message:
            return f"{name} needs a value"
        case _:
            return _lower(error.format_message())


def _as_typed(param: click.Parameter, arguments: Sequence[str]) -> str:
    """Return an option as it was typed, of its names the one that the arguments hold; an argument as help calls it."""
    if isinstance(param, click.Argument):
        return param.human_readable_name
    typed = [name for name in param.opts if any(one == name or one.startswith(f"{name}=") for one in arguments)]
    return (typed or param.opts)[0]


def _lower(text: str) -> str:
    """Return a sentence of click's as part of a line: without a capital and a full stop, values in double quotes."""
    text = re.sub(r"'([^']*)'", r'"\1"', text.rstrip("."))
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _on_one_line(text: str) -> str:
    from schemas.kinds import visible

    return visible(text.strip())


def _tell(error: FairpulseError) -> None:
    """Say why a command ends: to a person, or as a line of the log if this process writes one for a program."""
    if _NO_LOG not in logging.getLogger().handlers:
        from schemas.logs import logger, writes_json

        if writes_json():
            logger("fairpulse").critical("ended", error=error)
            return
    click.echo(f"error: {_on_one_line(str(error))}", err=True)


def main(command: click.Command = program) -> NoReturn:
    """Run a command as a program of its own: with its standard streams and signals."""
    hold_outputs()
    try:
        end_cleanly()
        code = run(command)
        end_at_once()
    except KeyboardInterrupt as error:  # while an error was told, or between two steps
        code = _interrupted(error)
    sys.exit(code)
