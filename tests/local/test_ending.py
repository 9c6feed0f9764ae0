"""Requests to end: what they do, and which are not listened to."""

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import sys
from streams.local.ending import EndRequests
ending = EndRequests(int(sys.argv[1]))
ending.listen()
while True:
    try:
        print("waits", flush=True)
        if not sys.stdin.readline():
            break
    except KeyboardInterrupt:
        print("asked", flush=True)
"""

UNTIL_ASKED = """
import sys
import click
from schemas.console import main
from streams.local.ending import EndRequests, until_asked

@click.command()
@click.argument("how")
def command(how):
    ending = EndRequests()
    ending.listen()
    with until_asked(ending, "it has stopped", is_success=how == "normal"):
        print("waits", flush=True)
        sys.stdin.readline()

main(command)
"""


@pytest.mark.parametrize(
    ("requests", "sent", "heard"),
    [
        (1, [signal.SIGINT, signal.SIGINT], 1),
        (2, [signal.SIGINT, signal.SIGINT, signal.SIGINT], 2),
        (2, [signal.SIGTERM, signal.SIGINT], 2),
        (2, [signal.SIGHUP, signal.SIGTERM], 1),
    ],
    ids=["cleaning up is not interrupted", "a second Ctrl-C", "SIGTERM counts", "nobody reads a summary"],
)
def test_only_the_first_requests_are_listened_to(requests: int, sent: list[signal.Signals], heard: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(requests)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "waits\n"
        for number, one in enumerate(sent):
            program.send_signal(one)
            if number < heard:
                assert [program.stdout.readline() for _ in range(2)] == ["asked\n", "waits\n"]
        rest, _ = program.communicate(timeout=30)
    assert (program.returncode, rest) == (0, "")


def test_a_hangup_that_is_ignored_at_the_start_stays_ignored() -> None:
    program = (
        "import signal; from streams.local.ending import EndRequests; EndRequests().listen(); signal.raise_signal(1)"
    )
    nohup = ["/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh", sys.executable, "-c", f"{program}; print('goes on')"]
    ended = subprocess.run(nohup, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (0, "goes on\n"), ended.stderr


@pytest.mark.parametrize(
    ("how", "number", "code"),
    [
        ("normal", signal.SIGINT, 0),
        ("normal", signal.SIGTERM, 0),
        ("normal", signal.SIGHUP, 129),
        ("too early", signal.SIGINT, 130),
        ("too early", signal.SIGTERM, 143),
        ("too early", signal.SIGHUP, 129),
    ],
)
@pytest.mark.parametrize("is_terminal_gone", [False, True])
def test_the_exit_code_tells_a_normal_end_from_one_that_came_too_early_or_with_the_terminal(
    how: str, number: signal.Signals, code: int, *, is_terminal_gone: bool
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", UNTIL_ASKED, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"waits\n"
        if is_terminal_gone:
            program.stdout.close()
            program.stdout = None
        program.send_signal(number)
        said, complaints = program.communicate(timeout=30)
    assert program.returncode == code
    assert said in (b"it has stopped\n", None)
    assert complaints == b""
