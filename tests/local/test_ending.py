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
