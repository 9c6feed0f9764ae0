"""A log line shows every field that it is given, in both formats, and never a secret."""

import ast
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import pytest
import structlog
from pydantic import SecretStr

from schemas.console import run
from schemas.errors import Unavailable
from schemas.logs import formatter, log_to_stderr, logger
from schemas.settings import LogSettings
from schemas.times import epoch_ms, wall_ms

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for package in ("schemas", "streams", "producers", "dashboards")
    for path in (ROOT / package).rglob("*.py")
)


class Line(Enum):
    ONLINE = "online"


class Broken:
    def __str__(self) -> str:
        raise RuntimeError


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


Lines = Callable[..., Any]


@pytest.fixture
def stream() -> StringIO:
    return StringIO()


@pytest.fixture
def written(stream: StringIO) -> Iterator[Lines]:
    """Return what sets up a log that is written as text or JSON, and gives its logger."""
    handlers = list[tuple[logging.Logger, logging.Handler]]()

    def of(log_format: str, name: str = "house.room", to: StringIO = stream) -> Any:
        handler = logging.StreamHandler(to)
        handler.setFormatter(formatter(log_format, to))
        python = logging.getLogger(name)
        python.addHandler(handler)
        python.setLevel(logging.INFO)
        python.propagate = False
        handlers.append((python, handler))
        return logger(name)

    yield of
    for python, handler in handlers:
        python.removeHandler(handler)
        python.propagate = True
        python.setLevel(logging.NOTSET)


RECURSIVE: list[object] = []
RECURSIVE.append(RECURSIVE)

VALUES: list[tuple[str, object, str, object]] = [
    ("none", None, "null", None),
    ("truth", True, "true", True),
    ("number", 9_464, "9464", 9_464),
    ("fraction", 0.25, "0.25", 0.25),
    ("no number", float("nan"), "nan", "nan"),
    ("word", "kafka-1:9092", "kafka-1:9092", "kafka-1:9092"),
    ("nothing", "", '""', ""),
    ("words", "no right to write", '"no right to write"', "no right to write"),
    ("looks like a field", "a=b", '"a=b"', "a=b"),
    ("line end", "one\ntwo", '"one\\ntwo"', "one\ntwo"),
    ("terminal control", "\x1b[2J\x9b", '"\\u001b[2J\\x9b"', "\x1b[2J\x9b"),
    ("unicode", "Zürich展览", "Zürich展览", "Zürich展览"),
    ("bytes", b"badge\xff", '"badge\\\\xff"', "badge\\xff"),
    ("path", Path("/srv/fair.yaml"), "/srv/fair.yaml", "/srv/fair.yaml"),
    ("error", OSError("no space left"), '"OSError: no space left"', "OSError: no space left"),
    ("duration", timedelta(seconds=1.5), "1.5", 1.5),
    ("time", datetime(2025, 9, 10, 8, tzinfo=UTC), "2025-09-10T08:00:00+00:00", "2025-09-10T08:00:00+00:00"),
    ("enum", Line.ONLINE, "online", "online"),
    ("nested", {"fair.scans": [0, (1, 2)]}, '{"fair.scans":[0,[1,2]]}', {"fair.scans": [0, [1, 2]]}),
    ("set", {3, 1}, "[1,3]", [1, 3]),
    ("id", UUID(int=7), str(UUID(int=7)), str(UUID(int=7))),
    ("itself inside", RECURSIVE, '[[[[["[[...]]"]]]]]', [[[[["[[...]]"]]]]]),
    ("secret", SecretStr("s3cret"), "**********", "**********"),
    ("broken", Broken(), None, "<a Broken that cannot be written: RuntimeError>"),  # type: ignore[list-item]  # in JSON's spelling
]
of_value = pytest.mark.parametrize(("name", "value", "as_text", "as_json"), VALUES, ids=[one[0] for one in VALUES])


@of_value
def test_a_line_for_a_reader_shows_every_kind_of_value(
    written: Lines, stream: StringIO, name: str, value: object, as_text: str | None, as_json: object
) -> None:
    written("text").info("partitions assigned", first=1, given=value, last="x")
    spelled = json.dumps(as_json) if as_text is None else as_text
    assert stream.getvalue().endswith(f" house.room: partitions assigned first=1 given={spelled} last=x\n")
    assert stream.getvalue().count("\n") == 1


@of_value
def test_a_json_line_holds_every_kind_of_value(
    written: Lines, stream: StringIO, name: str, value: object, as_text: str | None, as_json: object
) -> None:
    written("json").warning("partitions assigned", first=1, given=value, last="x")
    (line,) = stream.getvalue().splitlines()
    told = json.loads(line)
    datetime.fromisoformat(told.pop("timestamp"))
    assert told == {
        "level": "warning",
        "logger": "house.room",
        "event": "partitions assigned",
        "first": 1,
        "given": as_json,
        "last": "x",
    }


@pytest.mark.parametrize("name", ["timestamp", "level", "logger", "exception"])
def test_a_field_named_like_a_part_of_the_line_is_shown_as_well(written: Lines, stream: StringIO, name: str) -> None:
    log = written("json")
    log.info("x", **{name: "mine"})
    try:
        fail("bad news")
    except ValueError:
        log.exception("x", **{name: "mine"})
    plain, failed = map(json.loads, stream.getvalue().splitlines())
    assert plain[f"{name}_"] == failed[f"{name}_"] == "mine"
    assert failed["exception"].startswith("Traceback")


@pytest.mark.parametrize("name", ["password", "sasl_password", "token", "Authorization", "client_secret"])
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_secret_is_not_written_whatever_holds_it(
    written: Lines, stream: StringIO, log_format: str, name: str
) -> None:
    written(log_format).info("x", **{name: "s3cret"}, headers=[{name: "s3cret"}])
    assert "s3cret" not in stream.getvalue()
    assert stream.getvalue().count("***") == 2


def fail(text: str) -> None:
    raise ValueError(text)


def library_fails() -> None:
    try:
        fail("bad news")
    except ValueError:
        logging.getLogger("aiokafka.conn").exception("broker %s of %d\nis away", "kafka-1", 3, extra={"node": 7})


def test_a_line_of_a_library_is_written_like_ours_with_its_traceback_below(written: Lines, stream: StringIO) -> None:
    written("text", "aiokafka.conn")
    library_fails()
    first, *trace = stream.getvalue().splitlines()
    assert first.endswith(" error    aiokafka.conn: broker kafka-1 of 3\\nis away node=7")
    assert trace[0] == "Traceback (most recent call last):"
    assert trace[-1] == "ValueError: bad news"


def test_a_json_line_of_a_library_holds_its_traceback_in_one_field(written: Lines, stream: StringIO) -> None:
    written("json", "aiokafka.conn")
    library_fails()
    (line,) = stream.getvalue().splitlines()
    told = json.loads(line)
    assert (told["level"], told["logger"], told["node"]) == ("error", "aiokafka.conn", 7)
    assert told["event"] == "broker kafka-1 of 3\nis away"
    assert told["exception"].splitlines()[-1] == "ValueError: bad news"


def test_our_traceback_is_below_the_line_for_a_reader(written: Lines, stream: StringIO) -> None:
    log = written("text")
    try:
        fail("no space left")
    except ValueError:
        log.warning("not kept", file="x", exc_info=True)
    first, *trace = stream.getvalue().splitlines()
    assert first.endswith(" warning  house.room: not kept file=x")
    assert trace[-1] == "ValueError: no space left"


def test_a_time_has_its_zone_and_is_when_it_was_said(written: Lines, stream: StringIO) -> None:
    before_ms = wall_ms()
    written("text").info("x")
    told = datetime.fromisoformat(stream.getvalue().split()[0])
    assert before_ms <= epoch_ms(told) <= wall_ms()


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_colours_are_for_terminals_and_readers(written: Lines, log_format: str) -> None:
    file, screen = StringIO(), Terminal()
    written(log_format, "house.file", file).error("x", n=1)
    written(log_format, "house.screen", screen).error("x", n=1)
    assert "\x1b" not in file.getvalue()
    assert ("\x1b" in screen.getvalue()) is (log_format == "text")


@pytest.fixture
def _own_root() -> Iterator[None]:
    """Give Python's root logger back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    for name in ("chatty", "mute"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()


@pytest.mark.usefixtures("_own_root")
def test_level_and_format_come_from_the_environment_and_libraries_are_held_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAIRPULSE_LOG_LEVEL", "debug")
    monkeypatch.setenv("FAIRPULSE_LOG_FORMAT", "json")
    log_to_stderr(LogSettings.load(), quiet=("chatty",), silent=("mute",))
    logger("house").debug("ours", n=1)
    structlog.get_logger("house").debug("ours", n=2)
    for name in ("chatty", "mute"):
        logging.getLogger(name).info("no")
        logging.getLogger(name).error("yes")
    output, errors = capsys.readouterr()
    assert output == ""
    told = [json.loads(line) for line in errors.splitlines()]
    assert [(one["logger"], one["event"]) for one in told] == [("house", "ours"), ("house", "ours"), ("chatty", "yes")]


def test_before_logging_is_set_up_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    logger("house.early").info("partitions assigned", active=[0])
    assert capfd.readouterr() == ("", "")


@click.command()
def stumbles() -> None:
    """Set up a log, and fail."""
    log_to_stderr(LogSettings.load())
    raise Unavailable("no Kafka answers", hint="start one")


@pytest.mark.usefixtures("_own_root")
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_why_a_program_ends_is_a_line_of_its_log_if_that_is_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    monkeypatch.setenv("FAIRPULSE_LOG_FORMAT", log_format)
    assert run(stumbles, []) == 1
    said = capsys.readouterr().err
    if log_format == "text":
        assert said == "error: no Kafka answers; start one\n"
    else:
        told = json.loads(said)
        assert (told["event"], told["error"], told["hint"]) == ("ended", "no Kafka answers", "start one")


# What code of ours may write.

OWN_LOGGING = {
    "schemas/logs.py": "it is the way to Python's logging",
    "schemas/console.py": "it keeps Python's logging silent where no log is set up; structlog would slow every --help",
}
CONVERTED = [path for path in MODULES if path not in OWN_LOGGING]
SAYS = {"debug", "info", "warning", "error", "exception", "critical"}


def calls(path: str) -> Iterator[ast.Call]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def is_event(argument: ast.expr) -> bool:
    return isinstance(argument, ast.Constant) and isinstance(argument.value, str) and "%" not in argument.value


@pytest.mark.parametrize("path", CONVERTED)
def test_a_log_line_of_ours_is_a_constant_event_and_fields(path: str) -> None:
    for call in calls(path):
        name = ast.unparse(call.func)
        where = f"{path}:{call.lineno}"
        assert name not in {"logging.getLogger", "structlog.get_logger"}, f"{where}: take schemas.logs.logger"
        if name in {"log.log", *(f"log.{one}" for one in SAYS)}:
            event = call.args[1:] if name == "log.log" else call.args
            assert len(event) == 1, f"{where}: one text, then fields"
            assert is_event(event[0]), f"{where}: the text is constant"
            assert not {word.arg for word in call.keywords} & {"extra"}, f"{where}: give fields by their names"
