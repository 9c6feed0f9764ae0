"""The commands of a page run as they stand, in the order of the page, against a real Kafka.

A block marked ```sh is run; one marked ```console cannot be run in a test. The blocks of a page are one program in a
folder of its own. Ports of defaults are taken for free ones, and all pages share one Kafka.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from schemas.environment import default_of, known_names, variable
from schemas.ports import free_port
from schemas.settings import ALL_SETTINGS, KAFKA_PORT, LOOPBACK
from streams.local.kafka import LocalKafka
from tests.support.pages import Page, all_pages

pytestmark = pytest.mark.broker

PORTS = {
    variable(name): default_of(owner, name)
    for owner in ALL_SETTINGS
    for name in owner.model_fields
    if name.endswith("_port") and default_of(owner, name) != KAFKA_PORT
}
"""Default ports by the variable that sets another one."""
SECONDS = 120


@pytest.fixture(scope="module")
def kafka() -> Iterator[LocalKafka]:
    with LocalKafka.start() as running:
        yield running


def program_of(page: Page) -> str:
    """Return the blocks of a page that run, as one program; after a failure it says which block began where."""
    return "".join(
        f"echo 'at {page.path}:{block.line}' >&2\n{block.text}" for block in page.blocks if block.language == "sh"
    )


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
    assert ran.returncode == 0, f"{ran.stderr[-3_000:]}\n{ran.stdout[-2_000:]}"


def test_a_command_that_fails_in_the_midst_of_a_page_is_seen(kafka: LocalKafka, tmp_path: Path) -> None:
    page = Page("made-up.md", "```sh\nsleep 60 &\n```\n\n```sh\nfalse | cat\n```\n\n```sh\necho unreached\n```\n")
    ran = run(program_of(page), tmp_path, kafka.bootstrap_servers)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.splitlines()[-1] == "at made-up.md:6"
