"""Whether the commands that a page names exist: `fairpulse`, `make`, `python`, `pytest` and `docker compose`."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points

import click
import yaml

from dashboards.__main__ import dashboards
from schemas.console import COMMANDS
from tests.support.commands import below_of
from tests.support.pages import ROOT, tracked

ASSIGNED = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$", re.DOTALL)
PLACEHOLDER = re.compile(r"^(?:[A-Z][A-Z_]*|<.*>|\.\.\.|…|[A-Z]+\.\.\.)$")
OPTION = re.compile(r"^(--[a-z][a-z0-9-]*|-[a-zA-Z])(=.*)?$")


@cache
def programs() -> dict[str, click.Command]:
    """Return the commands of `fairpulse` by name."""
    return {point.name: point.load() for point in entry_points(group=COMMANDS)}


@cache
def makefile() -> str:
    """Return the text of the Makefile."""
    return (ROOT / "Makefile").read_text(encoding="utf-8")


@cache
def compose() -> dict[str, set[str]]:
    """Return the services and profiles of Compose."""
    services = {}
    for name in ("docker-compose.yml", "docker-compose.sasl.yml"):
        text = re.sub(r"!(?:override|reset)\b", "", (ROOT / name).read_text(encoding="utf-8"))
        services.update(yaml.safe_load(text)["services"])
    return {
        "service": set(services),
        "profile": {profile for one in services.values() for profile in one.get("profiles", ())},
    }


@cache
def all_options() -> frozenset[str]:
    """Return every option of every command and script of the repository."""
    found = {"--help", "-h", "--version"}
    for name in tracked():
        if name.endswith(".py") and not name.startswith("tests/docs/"):
            found.update(re.findall(r"\"(--[a-z][a-z0-9-]*)\"", (ROOT / name).read_text(encoding="utf-8")))
    for command in (*programs().values(), dashboards):
        found.update(_options_below(command))
    return frozenset(found)


def _options_below(command: click.Command) -> Iterator[str]:
    for one in command.params:
        yield from (*one.opts, *one.secondary_opts)
    if isinstance(command, click.Group):
        for below in below_of(command).values():
            yield from _options_below(below)


def faults_of(words: list[str]) -> Iterator[str]:
    """Yield what a command names that does not exist; nothing for programs of others."""
    while words and (given := ASSIGNED.match(words[0])):
        yield from _unknown_variable(given[1], words)
        words = words[1:]
    if not words:
        return
    head, rest = words[0].rpartition("/")[2], words[1:]
    if head == "fairpulse":
        yield from _of_program(rest)
    elif head == "make":
        yield from _of_make(rest)
    elif head in {"python", "python3"}:
        yield from _of_python(rest)
    elif head == "pytest":
        yield from _of_pytest(rest)
    elif words[:2] == ["docker", "compose"]:
        yield from _of_compose(words[2:])
    elif head in programs() and rest and (rest[0].startswith("--") or _is_subcommand(head, rest[0])):
        yield from _of_program(words)


def _is_subcommand(name: str, word: str) -> bool:
    command = programs()[name]
    return isinstance(command, click.Group) and word in below_of(command)


def _unknown_variable(name: str, words: list[str]) -> Iterator[str]:
    used = any(f"${name}" in word or f"${{{name}}}" in word for word in words)
    if not used and not _in_a_file(name) and not name.startswith("TOKEN"):
        yield f"no file reads the variable {name}"


@cache
def _in_a_file(name: str) -> bool:
    return (
        any(
            re.search(rf"\b{name}\b", (ROOT / one).read_text(encoding="utf-8", errors="replace"))
            for one in tracked()
            if one.endswith((".py", ".yml", ".toml", ".sh", "Makefile", "Dockerfile"))
            and not one.startswith("tests/docs/")
        )
        or name.removeprefix("FAIRPULSE_") != name
    )  # settings are looked up by themselves


def _of_program(rest: list[str]) -> Iterator[str]:
    if not rest or rest[0] in {"--help", "-h", "--version"} or PLACEHOLDER.match(rest[0]):
        return
    command = programs().get(rest[0])
    if command is None:
        yield f"there is no command fairpulse {rest[0]}"
    else:
        yield from _of_click(command, f"fairpulse {rest[0]}", rest[1:])


def _of_click(command: click.Command, name: str, words: list[str]) -> Iterator[str]:
    at, place = 0, 0
    while at < len(words):
        word = words[at]
        at += 1
        if option := OPTION.match(word):
            known = [one for one in command.params if option[1] in (*one.opts, *one.secondary_opts)]
            if option[1] in {"--help", "-h"}:
                continue
            if not known:
                yield f"{name} has no option {option[1]}"
            elif isinstance(known[0], click.Option) and not known[0].is_flag:
                if option[2]:
                    yield from _of_choice(known[0], f"{name} {option[1]}", option[2][1:])
                elif at < len(words):
                    yield from _of_choice(known[0], f"{name} {option[1]}", words[at])
                    at += 1
        elif isinstance(command, click.Group):
            below = below_of(command).get(word)
            if below is None:
                if not PLACEHOLDER.match(word):
                    yield f"{name} has no command {word}"
                return
            yield from _of_click(below, f"{name} {word}", words[at:])
            return
        else:
            arguments = [one for one in command.params if isinstance(one, click.Argument)]
            if place >= len(arguments) and not (arguments and arguments[-1].nargs == -1):
                yield f"{name} takes no argument {word}"
            elif place < len(arguments):
                yield from _of_choice(arguments[place], name, word)
            place += 1


def _of_choice(parameter: click.Parameter, name: str, word: str) -> Iterator[str]:
    if isinstance(parameter.type, click.Choice) and not PLACEHOLDER.match(word) and word not in parameter.type.choices:
        yield f"{name} has no choice {word}"


def _of_make(rest: list[str]) -> Iterator[str]:
    for word in rest:
        if given := ASSIGNED.match(word):
            if f"$({given[1]})" not in makefile() and f"{given[1]} ?=" not in makefile():
                yield f"the Makefile reads no variable {given[1]}"
        elif re.fullmatch(r"[a-z-]+", word) and not word.startswith("-") and f"\n{word}:" not in makefile():
            yield f"there is no target {word} in the Makefile"


def _of_python(rest: list[str]) -> Iterator[str]:
    if rest[:1] == ["-m"] and len(rest) > 1:
        module, words = rest[1], rest[2:]
        if module == "dashboards":
            yield from _of_click(dashboards, "python -m dashboards", words)
        elif module == "pytest":
            yield from _of_pytest(words)
        elif module in {"streams", "producers"}:
            yield from _of_program(words)
        elif module.split(".")[0] in {"tests", "schemas"}:
            yield from _of_script(module.replace(".", "/") + ".py", words)
    elif rest and rest[0].endswith(".py") and "/" in rest[0]:  # a script without a folder is the reader's own
        yield from _of_script(rest[0], rest[1:])


def _of_script(path: str, words: list[str]) -> Iterator[str]:
    if not (ROOT / path).is_file():
        yield f"there is no script {path}"
        return
    text = (ROOT / path).read_text(encoding="utf-8")
    for word in words:
        if (option := OPTION.match(word)) and f'"{option[1]}"' not in text and option[1] not in {"--help", "-h"}:
            yield f"{path} has no option {option[1]}"


def _of_pytest(words: list[str]) -> Iterator[str]:
    paths = [word for word in words if word.startswith("tests/")]
    for path in paths:
        if not (ROOT / path.split("::")[0]).exists():
            yield f"there is no test {path}"
    if "-k" in words[:-1]:
        for word in re.findall(r"[a-z_0-9]+", words[words.index("-k") + 1]):
            chosen = [one for one in tracked() if one.startswith(tuple(paths or ["tests/"])) and one.endswith(".py")]
            if word not in {"and", "or", "not"} and not any(word in (ROOT / one).read_text() for one in chosen):
                yield f"no test is named {word}"


def _of_compose(words: list[str]) -> Iterator[str]:
    if not words:
        return
    for flag, what in (("-f", "file"), ("--file", "file"), ("--profile", "profile"), ("--scale", "service")):
        for at, word in enumerate(words[:-1]):
            if word == flag:
                name = words[at + 1].split("=")[0]
                there = (ROOT / name).is_file() if what == "file" else name in compose()[what]
                if not there:
                    yield f"Compose has no {what} {name}"
    for verb in ("exec", "run"):
        if verb in words:
            after = [word for word in words[words.index(verb) + 1 :] if not word.startswith("-")]
            if after and after[0] not in compose()["service"]:
                yield f"Compose has no service {after[0]}"
            elif after[1:2] == ["fairpulse"]:
                yield from _of_program(words[words.index("fairpulse") + 1 :])
            elif verb == "run" and len(after) > 1:
                yield from _of_program(words[words.index(after[0]) + 1 :])
