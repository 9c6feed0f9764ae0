"""A bad value is answered in one line: what was typed, what is wrong with it, and an example; in no library's words."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from schemas import options
from schemas.console import program, run
from schemas.environment import Settings, example_of, known_names, variable
from schemas.errors import InvalidSettings
from schemas.kinds import choices, is_secret, kind_of, quoted, type_of
from schemas.options import setting
from schemas.settings import ALL_SETTINGS, KafkaSettings, WorkerSettings
from tests.support.commands import ALL_COMMANDS

FIELDS = [(owner, field) for owner in ALL_SETTINGS for field in owner.model_fields]
NAMES = [variable(field) for _, field in FIELDS]

FOREIGN_WORDS = re.compile(
    r"\^|\\|\[A-Z|pydantic|[a-z]Settings|\bNone\b|Traceback|(?-i:Error)|input should|valid|pattern|literal|\bstring\b|"
    r"timedelta|\bint\b|float|finite|parse|greater|\d{12,}",
    re.IGNORECASE,
)
"""What nobody typed and no reader knows."""


MAY_BE_EMPTY = {"gateway_prefix"}
"""Settings with a meaning for no text: a gateway without a path prefix."""


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in known_names():
        monkeypatch.delenv(name, raising=False)


def bad_values(owner: type[Settings], field: str) -> Iterator[str]:
    """Yield two texts or more that a setting cannot be, by its kind."""
    kind = kind_of(owner.model_fields[field])
    if field not in MAY_BE_EMPTY:
        yield ""
    yield "  "
    if not is_secret(kind) and type_of(kind) is not Path:
        yield "s3cret value!"
        yield "https://user:s3cret@host:1 "
    if type_of(kind) not in (str, Path) and not is_secret(kind):
        yield from ("-1", "nan", "1e400", "9" * 40, "0x10", "1,5")


BAD = [(owner, field, value) for owner, field in FIELDS for value in bad_values(owner, field)]


@pytest.mark.parametrize(("owner", "field"), FIELDS, ids=NAMES)
def test_every_setting_has_a_text_and_an_example_that_it_takes(owner: type[Settings], field: str) -> None:
    assert owner.model_fields[field].description
    example = example_of(owner, field)
    assert example
    owner.check(field, example)


def test_every_setting_is_tried_with_two_bad_values_or_more() -> None:
    for owner, field in FIELDS:
        assert len({value for one, name, value in BAD if (one, name) == (owner, field)}) >= 2


@pytest.mark.parametrize(("owner", "field", "value"), BAD, ids=[f"{variable(name)}={value}" for _, name, value in BAD])
def test_a_bad_variable_is_named_and_its_value_is_not(
    monkeypatch: pytest.MonkeyPatch, owner: type[Settings], field: str, value: str
) -> None:
    monkeypatch.setenv(variable(field), value)
    with pytest.raises(InvalidSettings) as refused:
        owner.load()
    told = str(refused.value)
    assert re.match(rf"{variable(field)}: the value (is|has|names|begins|ends|does) ", told)
    assert_in_plain_words(told, owner, field)
    assert "s3cret" not in told


@pytest.mark.parametrize(("owner", "field", "value"), BAD, ids=[f"{variable(name)}={value}" for _, name, value in BAD])
def test_a_bad_option_is_named_as_it_was_typed_and_its_value_comes_back_unless_it_is_a_secret(
    capsys: pytest.CaptureFixture[str], owner: type[Settings], field: str, value: str
) -> None:
    @click.command()
    @setting(owner.__name__, field, "--Typed")
    def command(**_: Any) -> None:
        """Do nothing."""

    assert run(command, ["--Typed", value]) == 2
    told = capsys.readouterr().err
    secret = is_secret(kind_of(owner.model_fields[field]))
    assert told.startswith(f"error: --Typed: {'the value' if secret else quoted(value)} ")
    assert_in_plain_words(told.removeprefix("error: ").rstrip("\n").replace(quoted(value), ""), owner, field)
    assert "user:s3cret" not in told


def assert_in_plain_words(told: str, owner: type[Settings], field: str) -> None:
    assert "\n" not in told
    assert not FOREIGN_WORDS.search(told)
    words = choices(kind_of(owner.model_fields[field]))
    assert told.endswith(", ".join(words) if words else f", for example {example_of(owner, field)}")


def test_a_variable_is_named_in_the_case_in_which_it_stands_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("Fairpulse_Partitions", "none")
    with pytest.raises(InvalidSettings, match=r"^Fairpulse_Partitions: the value is not a whole number; "):
        KafkaSettings.load()


@pytest.mark.parametrize(
    ("servers", "said"),
    [
        ("", "is empty"),
        (",", "names no broker"),
        ("a:1,", "ends with a comma"),
        (",a:1", "begins with a comma"),
        ("a:1,,b:2", "has two commas in a row"),
        ("a", "has no port"),
        ("a:", "has no port"),
        ("a:1,b", "has no port in entry 2"),
        (":9092", "has no host"),
        ("a:0", "has a port that is not between 1 and 65535"),
        ("a:99999", "has a port that is not between 1 and 65535"),
        ("a:1,b:99999", "has a port that is not between 1 and 65535 in entry 2"),
        ("a:http", "has a port that is not a number"),
        ("http://a:9092", "has a protocol before the host"),
        ("PLAINTEXT://a:9092", "has a protocol before the host"),
        ("a:1 b:2", "has a blank inside"),
        ("user:s3cret@a:9092", "has a user name or password"),
        ("::1:9092", "has more than one colon; an IPv6 address needs brackets"),
        ("a:b:9092", "has more than one colon"),
        ("[::1]", "has no port"),
        ("[::zz]:1", "has no IPv6 address in its brackets"),
        ("[kafka]:9092", "has no IPv6 address in its brackets"),
        ("kafka:9092;b:9092", "has a semicolon instead of a comma"),
        ("kä:9092", "has a character that no host has"),
    ],
)
def test_a_bad_list_of_brokers_is_answered_with_what_is_wrong_in_it(
    capsys: pytest.CaptureFixture[str], servers: str, said: str
) -> None:
    assert run(program, ["topics", "--bootstrap-servers", servers]) == 2
    told = capsys.readouterr().err
    example = example_of(KafkaSettings, "bootstrap_servers")
    assert told == (
        f"error: --bootstrap-servers: {quoted(servers)} {said}; give brokers as host:port,host:port,"
        f" for example {example}\n"
    )
    assert "s3cret" not in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["worker", "--lateness", "-1"], '--lateness: "-1" is negative; give a length of time, for example 5m'),
        (["worker", "--lateness=1 m"], '--lateness: "1 m" has a blank inside; give a length of time, for example 5m'),
        (
            ["worker", "--clock", "events"],
            '--clock: "events" is not one of the choices; did you mean event? It may be wall, event',
        ),
        (["terminals", "list", "--file", ""], '--file: "" is empty; give a path, for example'),
        (["terminals", "list", "--terminals="], '--terminals: "" is empty; give a path, for example'),
        (["audit", "--every", "50ms"], '--every: "50ms" is too short; give a length of time of at least 100ms,'),
        (["simulate", "--events", "0"], '--events: "0" is too small; give a whole number of at least 1, for example'),
        (["simulate", "--rate", "0"], '--rate: "0" is too small; give a number above 0, for example'),
        (["simulate", "--seconds", "soon"], '--seconds: "soon" is not a length of time; give'),
        (["simulate", "--visitors", "many"], '--visitors: "many" is not a whole number; give a whole number from 0'),
        (["simulate", "--scenario", "rush"], '--scenario: "rush" is not one of "fair_day", '),
        (["demo", "--scenario", "rush"], '--scenario: "rush" is not one of "fair_day", '),
        (
            ["simulate", "--seed", "9" * 20],
            f'--seed: "{"9" * 20}" is too large; give a whole number from 0 to 9,223,372,',
        ),
        (["simulate", "--seed", "1_000"], '--seed: "1_000" has an underscore; give a whole number'),
        (["simulate", "--rate", "1_000.5"], '--rate: "1_000.5" has an underscore; give a number above 0'),
        (["simulate", "--events", "-0"], '--events: "-0" is too small; give'),
        (["wroker"], '"wroker" is not a command; did you mean worker?'),
        (["zzz"], '"zzz" is not a command; see `fairpulse --help`'),
        (["terminals", "enroll"], '"enroll" is not a command; did you mean enrol?'),
        (["worker", "--latenes", "3"], '"--latenes" is not an option; did you mean --lateness?'),
        (["backfill", "--step"], '"--step" is not an option; see `'),
        (["worker", "--zzz"], '"--zzz" is not an option; see `'),
        (["worker", "--lateness"], "--lateness needs a value"),
        (["worker", "x\ny", "\x1b[31m"], "got unexpected extra arguments (x\\ny \\x1b[31m); see `"),
        (["terminal", "pair"], "--server is missing; see `"),
        (["recording", "inspect"], "FILE is missing; see `"),
        (["settings", "lateness"], 'NAME: "lateness" is not a setting; did you mean FAIRPULSE_ALLOWED_LATENESS?'),
        (["settings", "hunter2"], 'NAME: "hunter2" is not a setting; `fairpulse settings` lists them all'),
        (["recording", "inspect", "a\nb"], "a\\nb cannot be read ("),
        (["worker", "--lateness", "\x1b[31m" + "9x" * 90], '--lateness: "\\x1b[31m9x9x'),
    ],
    ids=lambda value: " ".join(value)[:40].encode("unicode_escape").decode() if isinstance(value, list) else "",
)
def test_wrong_usage_is_answered_in_one_line_with_the_words_that_were_typed(
    capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert run(program, arguments) in (1, 2)
    said = capsys.readouterr().err
    assert said.startswith(f"error: {told}")
    assert said.count("\n") == 1
    assert said.rstrip("\n").isprintable()
    assert len(said) < 250
    assert not re.search(r"\^|\bRANGE|range\b|valid|Error|None|'", said)


SECRETS = [(owner, field) for owner, field in FIELDS if is_secret(kind_of(owner.model_fields[field]))]


@pytest.mark.parametrize(("owner", "field"), SECRETS, ids=[variable(field) for _, field in SECRETS])
@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("hunter2\r", "has a line end"),
        ("hunter2\n", "has a line end"),
        ("hun\nter2", "has a line end"),
        ("hunter2\x00", "has a character that cannot be printed"),
        ("hunter2\x7f", "has a character that cannot be printed"),
        ("hunter2\udcff", "has a character that cannot be printed"),
    ],
    ids=ascii,
)
def test_no_secret_holds_what_would_make_a_library_complain_and_repeat_it(
    owner: type[Settings], field: str, secret: str, said: str
) -> None:
    if field == "badge_key" and "line" in said:
        said = "has more than one line" if "n\nt" in secret else "has 7 bytes, and needs at least 32"
    with pytest.raises(InvalidSettings, match=rf"^{variable(field)}: the value {said}; give ") as refused:
        owner.load(**{field: secret})
    assert "hun" not in str(refused.value)


@pytest.mark.parametrize("field", ["grafana_token", "terminal_token"])
@pytest.mark.parametrize(
    ("secret", "said"),
    [
        (" hunter2", "has a blank"),
        ("hunter2\t", "has a"),
        ("hun ter2", "has a blank"),
        ("hunter2\N{SNOWMAN}", "has a character that is not ASCII"),
        ("hunter2\xa0", "has a blank"),
    ],
    ids=ascii,
)
def test_a_token_goes_into_a_header_as_it_is(field: str, secret: str, said: str) -> None:
    [owner] = [owner for owner, name in SECRETS if name == field]
    with pytest.raises(InvalidSettings, match=rf"^{variable(field)}: the value {said}.*; give the token alone") as told:
        owner.load(**{field: secret})
    assert "hun" not in str(told.value)


@pytest.mark.parametrize("password", ["correct horse", " pa\xdfwort\N{SNOWMAN}:@/%", "p" * 300])
def test_a_password_may_hold_whatever_can_be_printed(password: str) -> None:
    assert KafkaSettings.check("sasl_password", password).get_secret_value() == password


def numbers() -> Iterator[tuple[str, str]]:
    for path, command in ALL_COMMANDS.items():
        for one in command.params:
            if isinstance(one.type, options.Checked) and isinstance(one, click.Option):
                yield path, one.opts[0]


@pytest.mark.parametrize(("path", "option"), list(numbers()))
def test_every_option_with_a_number_has_an_example_that_it_takes(path: str, option: str) -> None:
    [found] = [one for one in ALL_COMMANDS[path].params if option in one.opts]
    assert isinstance(found.type, options.Checked)
    found.type.convert(found.type.example, found, None)


@pytest.mark.parametrize("path", ALL_COMMANDS)
def test_no_option_is_of_a_kind_that_answers_in_the_words_of_the_library(path: str) -> None:
    for one in ALL_COMMANDS[path].params:
        assert not isinstance(one.type, click.IntRange | click.FloatRange | click.DateTime | type(click.INT)), one.name


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("a\nb\x1b[2J", '"a\\nb\\x1b[2J"'),
        ("x" * 100, '"' + "x" * 57 + '..."'),
        ("https://ada:s3cret@host/x", '"https://***@host/x"'),
        ("ada:s3cret@host:1,b:2", '"***@host:1,b:2"'),
        ("bad\udcffbyte", '"bad\\udcffbyte"'),
    ],
)
def test_what_was_typed_is_shown_on_one_line_cut_and_without_a_password(typed: str, shown: str) -> None:
    assert quoted(typed) == shown


def test_a_setting_that_code_gives_is_checked_as_well() -> None:
    with pytest.raises(InvalidSettings, match=r"^FAIRPULSE_METRICS_PORT: the value is too large; give a whole number"):
        WorkerSettings.load(metrics_port=70_000)
