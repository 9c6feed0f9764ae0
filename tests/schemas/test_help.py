"""Help is short, whole and in a chosen order: commands in groups, every option and argument described."""

import re

import click
import pytest
from click.testing import CliRunner

from producers.__main__ import producers
from schemas.console import COMMANDS, MORE, SECTIONS, Commands, program, sections
from schemas.environment import known_names
from streams.__main__ import streams
from tests.support.commands import ALL_COMMANDS

COLUMNS = 80
GROUPS: dict[str, click.Command] = {
    "fairpulse": program,
    "python -m streams": streams,
    "python -m producers": producers,
    **{path: command for path, command in ALL_COMMANDS.items() if isinstance(command, click.Group)},
}
PARAMETERS = [(f"{path} {one.name}", path, one) for path, command in ALL_COMMANDS.items() for one in command.params]


def help_of(command: click.Command, width: int | None = COLUMNS) -> str:
    shown = CliRunner().invoke(command, ["--help"], terminal_width=width, prog_name="fairpulse")
    assert shown.exit_code == 0
    return shown.output


def listed(command: click.Command) -> dict[str, list[str]]:
    """Return titles of a help page, and below each the names that it lists."""
    found: dict[str, list[str]] = {}
    for line in help_of(command).splitlines():
        if re.fullmatch(r"[A-Z][a-z ]+:", line):
            found[title := line.rstrip(":")] = []
        elif found and (name := re.match(r"  ([a-z-]+)(?: |$)", line)):
            found[title].append(name[1])
    return {title: names for title, names in found.items() if names and title != "Options"}


def test_commands_are_listed_in_groups_in_the_order_of_the_table() -> None:
    assert listed(program) == {title: list(names) for title, names in SECTIONS.items()}


def test_every_command_is_in_the_table_once() -> None:
    named = [name for names in SECTIONS.values() for name in names]
    assert sorted(named) == sorted(program.list_commands(click.Context(program)))


def test_a_command_that_the_table_leaves_out_is_listed_at_the_end() -> None:
    assert sections(["new", "worker"]) == {"Run": ["worker"], MORE: ["new"]}


def test_a_group_without_a_part_in_the_table_lists_its_commands_as_they_were_defined() -> None:
    @click.group(cls=Commands)
    def group() -> None:
        """Do things."""

    for name in ("second", "first"):
        group.add_command(click.Command(name, help=f"Do the {name}."))
    assert listed(group) == {"Commands": ["second", "first"]}


@pytest.mark.parametrize("name", GROUPS)
def test_the_help_of_every_command_in_a_list_fits_on_its_line(name: str) -> None:
    group = GROUPS[name]
    assert isinstance(group, Commands)
    page = help_of(group)
    assert "..." not in page.replace("[ARGS]...", "")
    for one, command in (
        (one, group.get_command(click.Context(group), one)) for one in group.list_commands(click.Context(group))
    ):
        assert command is not None
        assert re.search(rf"^  {one} +{re.escape(command.get_short_help_str(1_000))}$", page, re.MULTILINE), one


@pytest.mark.parametrize("path", ALL_COMMANDS)
def test_a_help_page_has_no_words_of_python_and_names_no_file_of_the_source(path: str) -> None:
    page = help_of(ALL_COMMANDS[path])
    assert not re.search(r"INTEGER|FLOAT|RANGE|<=|[0-9]{12,}|%[A-Za-z]|\.py\b|\bNone\b|Settings\b", page)
    assert max(map(len, page.splitlines())) <= COLUMNS


@pytest.mark.parametrize("path", ALL_COMMANDS)
@pytest.mark.parametrize("columns", [40, 60, 71, 72])
def test_a_help_page_fits_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, path: str, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = [line.rstrip() for line in help_of(ALL_COMMANDS[path], None).splitlines()]
    wide = [line for line in lines if len(line) > columns and len(line.split()) > 1]
    assert not [line for line in wide if not line.startswith("Usage: ")]


@pytest.mark.parametrize(("name", "path", "parameter"), PARAMETERS, ids=[name for name, _, _ in PARAMETERS])
def test_every_option_and_argument_is_described(name: str, path: str, parameter: click.Parameter) -> None:
    command = ALL_COMMANDS[path]
    if isinstance(parameter, click.Argument):
        for word in re.findall("[A-Z][A-Z_]+", parameter.human_readable_name.upper()):
            assert re.search(rf"\b{word}\b", command.help or ""), "name it in the text"
        return
    assert isinstance(parameter, click.Option)
    record = parameter.get_help_record(click.Context(command))
    assert record is not None
    assert len(record[1].split("[")[0].split()) >= 2
    assert not record[1].lower().startswith("default")


@pytest.mark.parametrize("path", ALL_COMMANDS)
def test_a_help_page_names_variables_that_there_are(path: str) -> None:
    words = " ".join(help_of(ALL_COMMANDS[path]).split())
    named = {one for one in re.findall(r"FAIRPULSE_[A-Z_]*[A-Z]", words) if f"{one}_ " not in words}
    assert named <= known_names()


def test_the_entry_points_are_the_commands() -> None:
    assert COMMANDS == "fairpulse.commands"
    assert {path.split()[0] for path in ALL_COMMANDS} - {"python"} == {*program.list_commands(click.Context(program))}


def test_settings_lists_every_variable_once_and_shows_one_by_any_spelling() -> None:
    def shown(*arguments: str) -> str:
        result = CliRunner().invoke(program, ["settings", *arguments], catch_exceptions=False)
        return result.output

    page = shown()
    for name in known_names() - {"FAIRPULSE_TEST_BROKER"}:
        assert len(re.findall(rf"^{name}$", page, re.MULTILINE)) == 1, name
    one = shown("FAIRPULSE_ALLOWED_LATENESS")
    assert one == shown("allowed_lateness") == shown("fairpulse_allowed_lateness")
    assert "example  FAIRPULSE_ALLOWED_LATENESS=" in one


def test_settings_shows_no_value_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRPULSE_BADGE_KEY", "s3cret")
    monkeypatch.setenv("FAIRPULSE_FAIR_FILE", "s3cret")
    assert "s3cret" not in CliRunner().invoke(program, ["settings"]).output
