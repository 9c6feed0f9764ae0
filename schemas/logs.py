"""How our programs log: one line per change of state on standard error, with every field that it is given.

log = logger(__name__)
log.info("partitions assigned", active=[0, 3], standby=[1])

The event is a constant text, what varies is a field. An error is given as it is, error=error: its remedy becomes a
field of its own. Libraries that log in Python's own way come out alike.
"""

import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TextIO

import structlog
from structlog.dev import Column, ConsoleRenderer, KeyValueColumnFormatter
from structlog.processors import JSONRenderer, format_exc_info
from structlog.stdlib import BoundLogger, ExtraAdder, ProcessorFormatter, filter_by_level
from structlog.typing import EventDict, Processor, WrappedLogger
from typing_extensions import override

from schemas.errors import FairpulseError
from schemas.times import instant_text

if TYPE_CHECKING:
    from schemas.settings import LogSettings

SECRET: Final = re.compile("password|secret|token|authorization", re.IGNORECASE)
"""A field whose name holds one of these is logged as ***."""

DEEPEST: Final = 5
"""Lists in lists are spelled out so far; below, as Python writes them."""

LARGEST_BITS: Final = 1_024
"""Numbers up to here are written; Python refuses to spell very large ones."""

_TAKEN: Final = frozenset({"timestamp", "level", "logger", "event", "exception", "stack"})
"""Parts of a line; a field that is called like one of them gets `_` behind its name."""

_PLAIN_WORD: Final = re.compile(r"[^\s\"'=\[\]{},\\]+")
_COLOURS: Final = {"debug": "\x1b[2m", "warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"}
_BOLD, _CYAN, _DIM, _RESET = "\x1b[1m", "\x1b[36m", "\x1b[2m", "\x1b[0m"


class _Told(dict[str, Any]):
    """One of our lines; handlers that do not know our format, as before the log is set up, write it without secrets."""

    @override
    def __str__(self) -> str:
        fields = {name: value for name, value in self.items() if name not in ("event", "exc_info")}
        return " ".join(
            [_on_one_line(str(self["event"])), *(f"{name}={_word(one)}" for name, one in _written(fields).items())]
        )


def _told(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return _Told(event)


_HAND_OVER: Final[tuple[Processor, ...]] = (filter_by_level, _told, ProcessorFormatter.wrap_for_formatter)
"""Our lines go through Python's logging, where levels are set and the lines of libraries are."""


def logger(name: str) -> BoundLogger:
    """Return the logger of a module. Before `log_to_stderr` its lines go where Python's logging sends them."""
    bound: BoundLogger = structlog.wrap_logger(
        logging.getLogger(name), processors=_HAND_OVER, wrapper_class=BoundLogger
    )
    return bound


def log_to_stderr(settings: "LogSettings", *, quiet: Iterable[str] = (), silent: Iterable[str] = ()) -> None:
    """Set up logging of this process.

    Args:
        settings: how severe a message must be, and how it is written.
        quiet: libraries of which warnings and errors alone are shown.
        silent: libraries that log what they also raise: nothing of theirs is shown.
    """
    structlog.configure(
        processors=_HAND_OVER, wrapper_class=BoundLogger, logger_factory=structlog.stdlib.LoggerFactory()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(settings.log_format, sys.stderr))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for names, least in ((quiet, logging.WARNING), (silent, logging.CRITICAL)):
        for name in names:
            logging.getLogger(name).setLevel(least)


@contextmanager
def hushed(library: str) -> Iterator[None]:
    """Show nothing of a library for a while, in which we tell what goes wrong ourselves."""
    logs = logging.getLogger(library)
    level = logs.level
    logs.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logs.setLevel(level)


def formatter(log_format: str, stream: TextIO) -> logging.Formatter:
    """Return what makes a line of a log record: `text`, in colours if the stream is a terminal, or `json`."""
    if log_format == "json":
        return JsonLines(foreign_pre_chain=[_extras], processors=[_framed, JSONRenderer()])
    return Lines(foreign_pre_chain=[_extras], processors=[_framed, _set_in, _text(colours=stream.isatty())])


class Lines(ProcessorFormatter):
    """Makes a line of a log record, also of one whose text and arguments do not fit together."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        if not isinstance(record.msg, dict):
            try:
                record.getMessage()
            except Exception:  # noqa: BLE001 - it must not cost us the line
                text = str(_unless_secret("", record.msg))
                record = logging.makeLogRecord({**vars(record), "msg": text, "args": (), "arguments": record.args})
        return super().format(record)


class JsonLines(Lines):
    """Makes a JSON object of a log record, on one line."""


def writes_json() -> bool:
    """Return whether the log of this process is for a program to read."""
    return any(isinstance(handler.formatter, JsonLines) for handler in logging.getLogger().handlers)


def plain(value: object, depth: int = 0) -> Any:
    """Return a value as JSON has it: bytes as text, durations in seconds, an error as its name and message."""
    match value:
        case int() if value.bit_length() > LARGEST_BITS:
            return f"<a number of {value.bit_length():,} bits>"
        case None | bool() | int() | str():
            return value
        case float():
            return value if value - value == 0 else str(value)
        case Enum():
            return plain(value.value, depth)
        case bytes():
            return value.decode("utf-8", "backslashreplace")
        case timedelta():
            return value.total_seconds()
        case datetime() if value.tzinfo is not None:
            return instant_text(value)
        case datetime() | date():
            return value.isoformat()
        case BaseException():
            return f"{type(value).__name__}: {value}"
        case Mapping() if depth < DEEPEST:
            return {str(key): _unless_secret(str(key), one, depth + 1) for key, one in value.items()}
        case set() | frozenset() if depth < DEEPEST:
            return sorted((plain(one, depth + 1) for one in value), key=str)
        case list() | tuple() if depth < DEEPEST:
            return [plain(one, depth + 1) for one in value]
        case _:
            return str(value)


def _unless_secret(name: str, value: object, depth: int = 0) -> Any:
    if SECRET.search(name):
        return "***"
    try:
        return plain(value, depth)
    except Exception as error:  # noqa: BLE001 - a value that cannot be written must not cost us the line
        return f"<a {type(value).__name__} that cannot be written: {type(error).__name__}>"


def _written(fields: Mapping[str, object]) -> dict[str, Any]:
    """Return fields as they are written: no secrets, no name of a part, one of our errors with its remedy."""
    given = {**fields}
    for error in fields.values():
        if isinstance(error, FairpulseError) and error.hint:
            given.setdefault("remedy", error.hint)
    written: dict[str, Any] = {}
    for called, value in given.items():
        name = _on_one_line(str(called))
        while name in _TAKEN or name in written or (name != called and name in given):
            name += "_"
        written[name] = _unless_secret(name, value.message if isinstance(value, FairpulseError) else value)
    return written


def _extras(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Keep what a library has given its record apart from the parts of the line."""
    extras = ExtraAdder()(logger, method, {"_record": event["_record"]})
    del extras["_record"]
    return {**event, "_extras": extras}


def _framed(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Put time, level, logger and event first, and a traceback last."""
    record: logging.LogRecord = event.pop("_record")
    event.pop("_from_structlog")
    extras = event.pop("_extras", {})
    told: EventDict = {
        "timestamp": instant_text(datetime.fromtimestamp(record.created, UTC)),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": str(event.pop("event")),
    }
    trace = format_exc_info(logger, method, {"exc_info": event.pop("exc_info", None)})
    return {**told, **_written({**event, **extras}), **trace}


def _set_in(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Set a traceback in, line by line: what an error says cannot look like a line of the log."""
    if "exception" in event:
        event["exception"] = "\n".join(f"    {_on_one_line(line)}" for line in event["exception"].split("\n"))
    return event


def _text(*, colours: bool) -> ConsoleRenderer:
    """Return the renderer for readers: time, level, logger, event, then key=value, and below it the traceback."""

    def column(name: str, show: Any, style: str = "", postfix: str = "", width: int = 0) -> Column:
        style, reset = (style, _RESET) if colours and style else ("", "")
        return Column(name, KeyValueColumnFormatter(None, style, reset, show, width, postfix=postfix))

    key, reset = (_CYAN, _RESET) if colours else ("", "")

    def level(name: str) -> str:
        return f"{_COLOURS.get(name, '')}{name:<8}{_RESET}" if colours else f"{name:<8}"

    return ConsoleRenderer(
        sort_keys=False,
        columns=[
            column("timestamp", str, _DIM),
            column("level", level),
            column("logger", _on_one_line, _DIM, ":"),
            column("event", _on_one_line, _BOLD),
            Column("", KeyValueColumnFormatter(key, "", reset, _word)),
        ],
    )


def _word(value: object) -> str:
    """Return a value so that it ends where the next key begins: as it is if it is one word, else as JSON has it."""
    if isinstance(value, str) and _PLAIN_WORD.fullmatch(value) and value.isprintable():
        return value
    return _on_one_line(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _on_one_line(text: str) -> str:
    """Return a text without line ends and other characters that would move a terminal's cursor, which are spelled."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
