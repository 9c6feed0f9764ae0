"""The commands of a page run as they stand, in the order of the page, against a real Kafka.

A block marked ```sh is run; one marked ```console cannot be run in a test. The blocks of a page are one program in a
folder of its own. Default ports are replaced by free ones, and all pages share one Kafka. Where a block marked ```text
follows with nothing between, it is what the commands print on standard output; three dots stand for any text.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from schemas.environment import default_of, known_names, variable
from schemas.ports import free_port
from schemas.settings import ALL_SETTINGS, KAFKA_PORT, LOOPBACK
from streams.local.kafka import LocalKafka
from tests.support.pages import Found, Page, all_pages

pytestmark = pytest.mark.broker

PORTS = {
    variable(name): default_of(owner, name)
    for owner in ALL_SETTINGS
    for name in owner.model_fields
    if name.endswith("_port") and default_of(owner, name) != KAFKA_PORT
}
"""Default ports by the variable that sets another one."""
SECONDS = 240
MARK = "== block at line"


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A Kafka with some events, which readers of most pages have: no page depends on those before it."""
    with LocalKafka.start() as running:
        made = run(
            "fairpulse topics --create && fairpulse simulate --speed 0 --events 500",
            tmp_path_factory.mktemp("fair"),
            running.bootstrap_servers,
        )
        assert made.returncode == 0, made.stderr
        yield running


def shown_after(page: Page) -> dict[int, Found]:
    """Return what blocks are said to print, by the line of the block that is run."""
    lines = page.text.splitlines()
    return {
        block.line: answer
        for block, answer in pairwise(page.blocks)
        if block.language == "sh" and answer.language == "text"
        and not "".join(lines[block.line + block.text.count("\n") : answer.line - 2]).strip()
    }  # fmt: skip


def program_of(page: Page) -> str:
    """Return the blocks of a page that run, as one program that says on both outputs where each block begins."""
    return "".join(
        f"echo '{MARK} {block.line}' | tee /dev/stderr\n{block.text}" for block in page.blocks if block.language == "sh"
    )


def answers_of(said: str) -> dict[int, str]:
    """Return what a program printed, by the line of the block."""
    parts = re.split(rf"^{MARK} (\d+)\n", said, flags=re.MULTILINE)
    return {int(line): text for line, text in zip(parts[1::2], parts[2::2], strict=True)}


def matches(expected: str, text: str) -> bool:
    """Return whether a text is the expected one, in which three dots stand for any text within a line."""
    return re.fullmatch(re.escape(expected.strip()).replace(re.escape("..."), ".*"), text.strip()) is not None


def run(program: str, folder: Path, servers: str) -> subprocess.CompletedProcess[str]:
    """Run a program with free ports; end what it leaves behind."""
    taken: set[int] = set()
    environment = {name: value for name, value in os.environ.items() if name not in known_names()}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "FAIRPULSE_BOOTSTRAP_SERVERS": servers,
    }
    for name, port in PORTS.items():
        free = free_port(taken)
        taken.add(free)
        environment[name] = str(free)
        program = re.sub(rf"\b{port}\b", str(free), program)
    program = program.replace(f"{LOOPBACK}:{KAFKA_PORT}", servers)
    with (folder / "said.out").open("w+") as out, (folder / "said.err").open("w+") as err:
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", program],
            cwd=folder, env=environment, stdout=out, stderr=err, start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)  # the group: what the page started in the background
        process.wait()
        said = [file.read() for file in (out, err) if file.seek(0) == 0]
    return subprocess.CompletedProcess(program, process.returncode, *said)


@pytest.mark.parametrize("page", [page for page in all_pages() if program_of(page)], ids=lambda page: page.path)
def test_the_commands_of_a_page_run_as_they_stand(page: Page, kafka: LocalKafka, tmp_path: Path) -> None:
    ran = run(program_of(page), tmp_path, kafka.bootstrap_servers)
    assert ran.returncode == 0, f"{page.path}: {ran.stderr[-3_000:]}\n{ran.stdout[-2_000:]}"
    answers = answers_of(ran.stdout)
    for line, expected in shown_after(page).items():
        assert matches(expected.text, answers[line]), f"{page.path}:{expected.line}: it prints\n{answers[line]}"


def test_a_command_that_fails_in_the_midst_of_a_page_is_seen(kafka: LocalKafka, tmp_path: Path) -> None:
    page = Page("x.md", "# X\n\n```sh\nsleep 60 &\n```\n\n```sh\nfalse | cat\n```\n\n```sh\necho unreached\n```\n")
    ran = run(program_of(page), tmp_path, kafka.bootstrap_servers)
    assert ran.returncode == 1
    assert answers_of(ran.stdout) == {4: "", 8: ""}
    assert ran.stderr.splitlines()[-1] == f"{MARK} 8"


def test_a_block_that_prints_something_else_than_the_page_shows_is_seen(kafka: LocalKafka, tmp_path: Path) -> None:
    page = Page(
        "x.md", "```sh\necho 'a 7 c'\n```\n\n```text\na ... c\n```\n\nor\n\n```sh\necho x\n```\n\n```text\ny\n```\n"
    )
    ran = run(program_of(page), tmp_path, kafka.bootstrap_servers)
    shown, answers = shown_after(page), answers_of(ran.stdout)
    assert {line: matches(shown[line].text, answers[line]) for line in shown} == {2: True, 12: False}
