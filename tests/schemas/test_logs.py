"""A log line shows every field that it is given, in both formats, and never a secret."""

import ast
import json
import logging
import re
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
    ("time", datetime(2025, 9, 10, 8, tzinfo=UTC), "2025-09-10T08:00:00.000Z", "2025-09-10T08:00:00.000Z"),
    ("time at the venue", datetime.fromisoformat("2025-09-10T16:00:00+08:00"), *2 * ("2025-09-10T08:00:00.000Z",)),
    ("time without a zone", datetime(2025, 9, 10, 8), *2 * ("2025-09-10T08:00:00",)),  # noqa: DTZ001 - on purpose
    ("enum", Line.ONLINE, "online", "online"),
    ("nested", {"fair.scans": [0, (1, 2)]}, '{"fair.scans":[0,[1,2]]}', {"fair.scans": [0, [1, 2]]}),
    ("set", {3, 1}, "[1,3]", [1, 3]),
    ("id", UUID(int=7), str(UUID(int=7)), str(UUID(int=7))),
    ("itself inside", RECURSIVE, '[[[[["[[...]]"]]]]]', [[[[["[[...]]"]]]]]),
    ("secret", SecretStr("s3cret"), "**********", "**********"),
    ("large number", 1 << 1_023, *2 * (1 << 1_023,)),
    ("number that cannot be spelled", 10**5_000, '"<a number of 16,610 bits>"', "<a number of 16,610 bits>"),
    ("such a number inside", [-(10**5_000)], '["<a number of 16,610 bits>"]', ["<a number of 16,610 bits>"]),
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


@pytest.mark.parametrize("name", ["timestamp", "level", "logger", "exception", "stack"])
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
    assert trace[0] == "    Traceback (most recent call last):"
    assert trace[-1] == "    ValueError: bad news"


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
    assert trace[-1] == "    ValueError: no space left"


@pytest.mark.parametrize(
    "text", ["\x1b[2J", "a\n2025-09-10T08:00:00.000Z info     house: all is well", "a\rb", "\x85b"]
)
def test_what_an_error_says_cannot_move_the_cursor_or_look_like_a_line(
    written: Lines, stream: StringIO, text: str
) -> None:
    log = written("text")
    try:
        fail(text)
    except ValueError:
        log.exception("x", **{f"field{text}": 1, "stack": text})
    first, *trace = stream.getvalue().split("\n")[:-1]
    assert " house.room: x " in first
    assert trace
    assert all(line.startswith("    ") for line in trace)
    assert all(line.isprintable() for line in (first, *trace))


TAKEN = ("timestamp", "level", "logger", "event", "exception", "stack")


@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_field_of_a_library_never_replaces_a_part_of_the_line(
    written: Lines, stream: StringIO, log_format: str, name: str
) -> None:
    written(log_format)
    logging.getLogger("house.room").warning("kafka %s", "away", extra={name: "theirs", "node": 7})
    (line,) = stream.getvalue().splitlines()
    if log_format == "text":
        assert line.endswith(f" warning  house.room: kafka away {name}_=theirs node=7")
    else:
        told = json.loads(line)
        assert (told["event"], told["level"], told["logger"]) == ("kafka away", "warning", "house.room")
        assert (told[f"{name}_"], told["node"]) == ("theirs", 7)


@pytest.mark.parametrize("order", [1, -1])
def test_fields_never_replace_each_other(written: Lines, stream: StringIO, order: int) -> None:
    names = ["level", "level_", "level__", "a\n", "a\\n"][::order]
    written("json").info("x", **{name: place for place, name in enumerate(names)})
    told = json.loads(stream.getvalue())
    assert sorted(value for name, value in told.items() if isinstance(value, int)) == [0, 1, 2, 3, 4]
    assert told["level"] == "info"
    assert told["level_"] == names.index("level_")


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize(("text", "arguments"), [("%d of %s", ("x",)), ("%s", (Broken(),)), (Broken(), ())])
def test_a_message_that_cannot_be_made_does_not_cost_the_line(
    written: Lines, stream: StringIO, log_format: str, text: Any, arguments: tuple[object, ...]
) -> None:
    written(log_format)
    logging.getLogger("house.room").warning(text, *arguments, extra={"node": 7})
    (line,) = stream.getvalue().splitlines()
    assert "node" in line


OURS = Unavailable("no Kafka answers", hint="start one")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"error": OURS}, {"error": "no Kafka answers", "remedy": "start one"}),
        ({"cause": OURS, "n": 1}, {"cause": "no Kafka answers", "n": 1, "remedy": "start one"}),
        ({"error": Unavailable("no Kafka answers")}, {"error": "no Kafka answers"}),
        ({"error": OSError("no space left")}, {"error": "OSError: no space left"}),
        ({"error": OURS, "remedy": "wait"}, {"error": "no Kafka answers", "remedy": "wait"}),
        ({"error": None}, {"error": None}),
    ],
)
def test_an_error_that_is_given_as_it_is_tells_its_remedy(
    written: Lines, stream: StringIO, given: dict[str, object], told: dict[str, object]
) -> None:
    written("json").warning("x", **given)
    line = json.loads(stream.getvalue())
    assert {name: line[name] for name in [*line][4:]} == told


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


@pytest.mark.usefixtures("_own_root")
def test_a_warning_before_logging_is_set_up_is_a_line_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logger("house.early").warning("no broker", password="s3cret", why="a\nb", error=OURS)
    assert capfd.readouterr() == (
        "",
        'no broker password=*** why="a\\nb" error="no Kafka answers" remedy="start one"\n',
    )


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
        assert (told["event"], told["error"], told["remedy"]) == ("ended", "no Kafka answers", "start one")


# How our own code may log.

OWN_LOGGING = {
    "schemas/logs.py": "it is the way to Python's logging",
    "schemas/console.py": "it keeps Python's logging silent where no log is set up; structlog would slow every --help",
}
CONVERTED = [path for path in MODULES if path not in OWN_LOGGING]
NOT_FIELDS = {"event", "extra", "self", "method_name"}
"""Names that structlog's own methods have for their arguments: as a field they end in a TypeError, or nowhere."""
SAYS = {"debug", "info", "warning", "error", "exception", "critical"}


def calls(path: str) -> Iterator[ast.Call]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def is_event(argument: ast.expr) -> bool:
    return isinstance(argument, ast.Constant) and isinstance(argument.value, str) and "%" not in argument.value


def is_piece_of_error(value: ast.expr) -> bool:
    """Whether a field is the message or remedy of an error, or its text."""
    return bool(re.search(r"\b(error|why|told)\.(message|hint)\b|\b(str|repr)\((error|why|told)\)", ast.unparse(value)))


@pytest.mark.parametrize("name", sorted(NOT_FIELDS - {"extra"}))
def test_a_name_that_is_not_a_field_ends_in_an_error(written: Lines, name: str) -> None:
    with pytest.raises(TypeError):
        written("json").info("x", **{name: 1})


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
            assert not {word.arg for word in call.keywords} & NOT_FIELDS, f"{where}: give fields by their names"
            assert not any(is_piece_of_error(word.value) for word in call.keywords), f"{where}: give the error itself"
