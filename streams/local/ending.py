"""Ctrl-C, SIGTERM and a terminal that is closed: the three ways to ask a program on this machine to end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

from schemas.interrupts import Ended, ending_signals
from schemas.outputs import OutputLost, ReaderGone, drop_output


class EndRequests:
    """Turns a request to end into `Ended`, and ignores those that come while things are cleaned up.

    A SIGHUP that is ignored when the program starts (nohup) stays ignored.

    Args:
        requests: how many are listened to. The first of two asks for a summary, the second for the end.

    Attributes:
        number: of the signal that came last; None before the first.
    """

    def __init__(self, requests: int = 1) -> None:
        self._left = requests
        self.number: int | None = None

    @property
    def is_hung_up(self) -> bool:
        """Whether the terminal was closed: nobody reads any more."""
        return self.number == signal.SIGHUP

    def listen(self) -> None:
        """Begin to listen."""
        for number in ending_signals():
            signal.signal(number, self._request)

    def ignore(self) -> None:
        """Ignore all requests from now on: cleaning up is bounded in time."""
        for number in ending_signals():
            signal.signal(number, signal.SIG_IGN)

    def _request(self, number: int, _frame: FrameType | None) -> None:
        self.number = number
        self._left -= 1
        if self._left <= 0 or self.is_hung_up:
            self.ignore()
        raise Ended(number)


@contextmanager
def until_asked(ending: EndRequests, said: str, *, is_success: bool = True) -> Iterator[None]:
    """Run a body that ends on request, and say so then.

    Args:
        ending: what the requests come from.
        said: a sentence.
        is_success: whether to be asked is the right end of the body. A terminal that is closed never is.

    Raises:
        Exit: it was asked to end, and that is not its right end; with the code that shells expect.
    """
    try:
        yield
    except (KeyboardInterrupt, OSError, OutputLost, ReaderGone) as error:
        is_request = isinstance(error, KeyboardInterrupt) or ending.is_hung_up
        if ending.number is None or not is_request:
            raise
        try:
            click.echo(said)
        except (OSError, OutputLost, ReaderGone):  # nobody reads any more
            drop_output()
        if ending.is_hung_up or not is_success:
            raise click.exceptions.Exit(128 + ending.number) from None
