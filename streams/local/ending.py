"""Ctrl-C, SIGTERM and a terminal that is closed: the three ways to ask a program on this machine to end."""

import signal
from types import FrameType
from typing import Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class EndRequests:
    """Turns a request to end into KeyboardInterrupt, and ignores those that come while things are cleaned up.

    A SIGHUP that is ignored when the program starts (nohup) stays ignored.

    Args:
        requests: how many are listened to. The first of two asks for a summary, the second for the end.

    Attributes:
        is_hung_up: the terminal was closed: nobody reads any more.
    """

    def __init__(self, requests: int = 1) -> None:
        self._left = requests
        self.is_hung_up = False

    def listen(self) -> None:
        """Begin to listen."""
        for number in SIGNALS:
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._request)

    def ignore(self) -> None:
        """Ignore all requests from now on: cleaning up is bounded in time."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def _request(self, number: int, _frame: FrameType | None) -> None:
        self.is_hung_up = number == signal.SIGHUP
        self._left -= 1
        if self._left <= 0 or self.is_hung_up:
            self.ignore()
        raise KeyboardInterrupt
