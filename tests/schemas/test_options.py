"""An option that stands for a setting takes its help, default and limits from it, and an error names what was typed."""

import ast
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from schemas.durations import duration, duration_text
from schemas.environment import Settings, default_of, default_text, described, known_names, variable
from schemas.options import SettingOption, SettingType, setting
from schemas.settings import ALL_SETTINGS, WorkerSettings
from tests.support.commands import ALL_COMMANDS
from tests.support.pages import all_pages

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in known_names():
        monkeypatch.delenv(name, raising=False)


OPTIONS = [
    (f"{path} {option.opts[0]}", option)
    for path, command in ALL_COMMANDS.items()
    for option in command.params
    if isinstance(option, click.Option)
]
OF_SETTINGS = [(name, option) for name, option in OPTIONS if isinstance(option, SettingOption)]


def told(option: click.Option) -> str:
    """Return what a help page says of an option."""
    record = option.get_help_record(click.Context(click.Command("x")))
    return record[1] if record else ""


SETTINGS = [(owner, field) for owner in ALL_SETTINGS for field in owner.model_fields]


def setting_of(option: click.Option) -> tuple[type[Settings], str]:
    assert isinstance(option.type, SettingType)
    assert option.name is not None
    return option.type.owner, option.name


def test_the_tuple_of_settings_names_all_classes_there_are() -> None:
    assert {*ALL_SETTINGS} == {*Settings.__subclasses__()}


@pytest.mark.parametrize(("name", "option"), OF_SETTINGS, ids=[name for name, _ in OF_SETTINGS])
def test_help_shows_variable_and_default_of_the_setting_and_its_text_or_one_for_the_command(
    name: str, option: click.Option
) -> None:
    owner, field = setting_of(option)
    record = option.get_help_record(click.Context(click.Command("x")))
    assert record is not None
    if option.required:
        assert record[1].endswith("[required]")
        return
    assert described(owner, field) in record[1] or field == "fair_file"
    assert f"[env: {variable(field)}" in record[1]
    assert f"default: {default_text(owner, field)}]" in record[1] or default_of(owner, field) is None


def test_an_option_that_stands_for_a_setting_has_no_default_of_its_own() -> None:
    for _, option in OF_SETTINGS:
        assert "default" not in option.get_help_extra(click.Context(click.Command("x"), show_default=True))


READ_RECORDINGS = {"audit", "backfill", "kpis"}


@pytest.mark.parametrize(("name", "option"), OF_SETTINGS, ids=[name for name, _ in OF_SETTINGS])
def test_only_a_command_that_reads_recordings_speaks_of_the_fair_file_inside_one(
    name: str, option: click.Option
) -> None:
    record = option.get_help_record(click.Context(click.Command("x")))
    assert record is not None
    reads = name.endswith(" --fair") and name.removesuffix(" --fair") in READ_RECORDINGS
    assert ("inside the RECORDING" in record[1]) is reads


def test_a_setting_has_the_same_flag_in_every_command() -> None:
    flags: dict[Any, set[str]] = {}
    for _, option in OF_SETTINGS:
        flags.setdefault(setting_of(option), set()).add(option.opts[0])
    assert {key: names for key, names in flags.items() if len(names) > 1} == {}


def test_the_registry_of_terminals_has_an_alias_where_it_is_the_file_of_the_command() -> None:
    aliases = {name.split()[0]: option.opts[1:] for name, option in OF_SETTINGS if "--terminals" in option.opts}
    assert aliases == {"gateway": [], "simulate": [], "terminals": ["--file"]}


@pytest.mark.parametrize("flag", ["--bootstrap-servers", "--fair", "--lateness", "--clock", "--generation"])
def test_an_option_of_this_name_stands_for_the_same_setting_in_every_command(flag: str) -> None:
    found = [option for _, option in OPTIONS if flag in option.opts]
    assert found
    assert len({setting_of(option) for option in found}) == 1


FREE = {
    "rebuild --port": "the new worker's port: a free one is taken",
    "audit --every": "a variable would turn an audit that is to end into one that does not",
}
"""Options with the name of a setting's that stand for none, and why."""


@pytest.mark.parametrize("flag", ["--port", "--host", "--every", "--internal-port", "--terminals", "--folder"])
def test_an_option_of_this_name_stands_for_some_setting(flag: str) -> None:
    free = [name for name, option in OPTIONS if flag in option.opts and not isinstance(option, SettingOption)]
    assert set(free) <= FREE.keys()


def test_a_duration_is_shown_as_it_is_typed() -> None:
    for owner, field in SETTINGS:
        if isinstance(value := default_of(owner, field), timedelta):
            assert owner.check(field, default_text(owner, field)) == value
    assert default_text(WorkerSettings, "session_timeout") == "10s"


@click.command()
@setting("WorkerSettings", "allowed_lateness", "--lateness")
@setting("WorkerSettings", "metrics_port", "--port")
@setting("WorkerSettings", "clock")
@setting("KafkaSettings", "bootstrap_servers")
def echo(**given: Any) -> None:
    """Print what a command gets."""
    settings = WorkerSettings.load(**{name: value for name, value in given.items() if name != "bootstrap_servers"})
    click.echo(f"{settings.allowed_lateness.total_seconds():g} {settings.metrics_port} {settings.clock}")


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--lateness", "0.5"], "0.5 9000 event"),
        (["--lateness", "PT2M", "--port", "0"], "120 0 event"),
        (["--lateness", "1m30s"], "90 9000 event"),
        (["--clock", "wall"], "7 9000 wall"),
        ([], "7 9000 event"),
    ],
)
def test_an_option_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch, arguments: list[str], shown: str) -> None:
    monkeypatch.setenv("FAIRPULSE_ALLOWED_LATENESS", "7")
    monkeypatch.setenv("FAIRPULSE_METRICS_PORT", "9000")
    monkeypatch.setenv("FAIRPULSE_CLOCK", "event")
    assert CliRunner().invoke(echo, arguments, catch_exceptions=False).output == f"{shown}\n"


def test_no_variable_makes_an_audit_go_on() -> None:
    assert "FAIRPULSE_AUDIT_EVERY" not in known_names()


# The tests below keep a default from being written a second time: durations with their unit, and numbers from 1000 up.
# Smaller numbers mean too many other things.

DURATIONS = {value for owner, field in SETTINGS if isinstance(value := default_of(owner, field), timedelta)}
DEFAULTS = {number for owner, field in SETTINGS for number in re.findall(r"[0-9]{4,}", str(default_of(owner, field)))}
PORTS = {
    number
    for owner, field in SETTINGS
    if field.endswith(("_port", "_servers", "_url"))
    for number in re.findall(r"[0-9]{4,}", str(default_of(owner, field)))
}
ELSE = {
    "fair example": {"2000"},  # exhibitors of the example
    "terminals revoke": {"0:00:10"},  # how soon a revocation holds everywhere
    "producers/gateway/README.md": {"0:00:10"},  # the same
    "producers/gateway/RUNNING.md": {"0:00:10", "0:00:30"},  # the same; how long nginx waits
    "producers/badges/reading.py": {"2000"},  # records that are taken at once
    "producers/badges/tables.py": {"2000"},  # characters of a cell
    "producers/gateway/register/log.py": {"2000"},  # offsets that are read in one go
    "producers/gateway/events/envelope.py": {"2000"},  # the first year of an event
    "schemas/api/answers.py": {"2000"},  # of an example
    "dashboards/runbooks/RegistryOld.md": {"0:00:10"},  # the same
    "CHANGELOG.md": {"0:00:10"},  # the same
    "producers/registry/cli.py": {"0:00:10"},  # the same
    "producers/registry/doorkeeper.py": {"0:00:10"},  # the same
    "README.md": {
        "2000",  # exhibitors, events of a terminal, a year
        "0:00:30",  # the terminal's longest pause
        "0:00:10",  # the session timeout that was measured with
    },
    "dashboards/alerts.py": {"0:00:10", "0:00:30"},  # how Prometheus writes its own durations
    "dashboards/build.py": {"0:00:10", "0:00:30"},  # the same
    "dashboards/boards/quality.py": {"0:00:10"},  # a good time
    "producers/gateway/internal.py": {"0:00:10"},  # how long ago Kafka answered
    "producers/gateway/run.py": {"0:00:10"},  # the same
    "producers/play/neighbours.py": {"2000"},  # milliseconds
    "producers/play/simulator/journeys.py": {"100000"},  # milliseconds
    "producers/play/simulator/writing.py": {"100000"},  # minutes kept in memory
    "producers/terminal/drawer.py": {"100000"},  # events of an export
    "producers/terminal/clock_offset.py": {"2000"},  # milliseconds
    "schemas/api/openapi.py": {"0:00:10"},  # how long a body may take
    "schemas/badges/reading.py": {"3000"},  # a wide blank is U+3000
    "schemas/options.py": {"100000"},  # the highest speed
    "schemas/times.py": {"2000"},  # a year
    "schemas/wire.py": {"2000"},  # a year
    "streams/audit/README.md": {"0:00:30"},  # how long Kafka may send nothing
    "streams/audit/recount/rules.py": {"2000"},  # a year
    "tests/campaign/README.md": {"0:00:30"},  # how long a wrong number may go untold
    "tests/bench/README.md": {"2000"},  # events of a terminal, exhibitors
    "streams/history/reading.py": {"4000"},  # records read at once
    "streams/history/replay.py": {"4000"},  # records folded at once
    "streams/local/cast.py": {"100000"},  # events a second of the demo's gateway
    "streams/local/kafka.py": {"0:00:10"},  # how long a node may take to stop
    "streams/local/properties.py": {"4000"},  # Kafka's milliseconds
}
"""Numbers that look like a default and are another thing."""
PAGES = {page.path: page.own_text for page in all_pages() if not page.path.startswith("dashboards/generated/")}
"""What people write in pages, by their paths."""
ADDRESS = re.compile(r"[a-z0-9.-]*[a-z0-9]:[0-9]{4,5}\b")
"""What a reader copies into a shell."""
OTHERS = {"9090", "8443"}
"""Ports in addresses that are not ours: Prometheus, a proxy before the gateway."""
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for package in ("schemas", "streams", "producers", "dashboards")
    for path in (ROOT / package).rglob("*.py")
    if path not in (ROOT / "schemas/settings.py", ROOT / "schemas/terminal_settings.py")
)


def repeated_in(text: str) -> set[str]:
    """Return what of a text is the default of a setting: large numbers, and durations with their unit."""
    numbers = {number.replace(",", "") for number in re.findall(r"[0-9]+(?:,[0-9]{3})*", text)}
    seconds = re.findall(r"default:? ([0-9.]+)(?![0-9.]*[a-z])|([0-9.]+) (?:s|seconds?)\b", text)
    spelled = {timedelta(seconds=float("".join(one).rstrip("."))) for one in seconds}
    spelled |= {duration(one) for one in re.findall(r"\b[0-9]+(?:ms|s|m|h|d)\b", text)}
    return numbers & DEFAULTS | {str(one) for one in spelled & DURATIONS}


def constants(path: str) -> Iterator[str]:
    """Yield the constants of a module as text, docstrings left out, and durations as `30s`."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""  # a docstring: `walk` comes to it later
        elif isinstance(node, ast.Constant):
            yield str(node.value)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "timedelta":
            with suppress(ValueError):
                amounts = {str(word.arg): float(ast.literal_eval(word.value)) for word in node.keywords}
                yield duration_text(timedelta(**amounts))


RIDDLE = re.compile(r"\bof ours\b|\bso (?:many|long)\b|\b(?:is|are|was|be) no (?!longer\b)")
"""Ways to say a thing that a reader has to guess at."""
TEXTS = (
    {path: command.help or "" for path, command in ALL_COMMANDS.items()}
    | {name: told(option) for name, option in OPTIONS}
    | {variable(field): described(owner, field) for owner, field in SETTINGS}
    | {
        name: (ROOT / "dashboards/generated" / name).read_text(encoding="utf-8")
        for name in ("SETTINGS.md", "TOPICS.md")
    }
)


@pytest.mark.parametrize("name", TEXTS)
def test_what_readers_look_up_is_plain_english(name: str) -> None:
    assert not RIDDLE.findall(TEXTS[name])


@pytest.mark.parametrize(("name", "option"), OPTIONS, ids=[name for name, _ in OPTIONS])
def test_no_help_text_repeats_a_default(name: str, option: click.Option) -> None:
    """A text that the setting itself gives is not a repetition."""
    text = "" if isinstance(option, SettingOption) and not option.required else option.help or ""
    assert not repeated_in(text), "leave the default to the setting"


@pytest.mark.parametrize("path", ALL_COMMANDS)
def test_no_description_of_a_command_repeats_a_default(path: str) -> None:
    assert repeated_in(ALL_COMMANDS[path].help or "") <= ELSE.get(path, set()), "leave the default to the setting"


@pytest.mark.parametrize("path", MODULES)
def test_no_module_has_a_constant_of_the_same_number(path: str) -> None:
    repeated = set[str]().union(*map(repeated_in, constants(path)))
    assert repeated <= ELSE.get(path, set()), "read it with default_of, or default_text"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_repeats_a_default_except_in_an_address(path: str) -> None:
    assert repeated_in(ADDRESS.sub("", PAGES[path])) <= ELSE.get(path, set()), "name the variable"


@pytest.mark.parametrize("path", PAGES)
def test_an_address_on_a_page_has_the_port_of_a_default(path: str) -> None:
    found = {one.rpartition(":")[2] for one in ADDRESS.findall(PAGES[path])}
    assert found <= PORTS | OTHERS


@pytest.mark.parametrize("path", MODULES)
def test_the_number_of_a_port_stands_in_the_settings_alone(path: str) -> None:
    repeated = set[str]().union(*map(repeated_in, constants(path))) - ELSE.get(path, set())
    assert not PORTS & repeated, "read it with default_of"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[default: http://127.0.0.1:9464]", {"9464"}),
        ("Seconds a minute stays open. [default: 30]", {"0:00:30"}),
        ("open for 30 s", {"0:00:30"}),
        ("[default: 30s]", {"0:00:30"}),
        ("after 30 seconds.", {"0:00:30"}),
        ("30 years; 45 MB of jars", set()),
        ("at most 2,000", {"2000"}),
    ],
)
def test_a_repeated_default_would_be_found(monkeypatch: pytest.MonkeyPatch, text: str, found: set[str]) -> None:
    monkeypatch.setitem(globals(), "DURATIONS", {timedelta(seconds=30)})
    monkeypatch.setitem(globals(), "DEFAULTS", {"9464", "2000"})
    assert repeated_in(text) == found
