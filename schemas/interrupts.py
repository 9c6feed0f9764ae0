"""Ctrl-C, SIGTERM and SIGHUP: the first asks for a clean end, the second ends at once.

SIGHUP has two meanings: "your terminal is gone", and to a program that runs without one, "read your files again".
"""

import os
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")


class Ended(KeyboardInterrupt):
    """SIGTERM or SIGHUP has come; the code that cleans up after Ctrl-C does so now.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def ending_signals() -> tuple[signal.Signals, ...]:
    """Return the signals that ask for a clean end. SIGHUP is none if it is ignored, as under `nohup`."""
    hangup = getattr(signal, "SIGHUP", None)  # Windows has none
    heard = hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN
    return (signal.SIGINT, signal.SIGTERM, *((hangup,) if heard else ()))


def reloading_signal() -> signal.Signals | None:
    """Return the signal that asks a server to read its files again; None where there is none.

    It is SIGHUP for a server that would not lose a terminal, as under systemd, Docker and Kubernetes, or that would not
    mind, as under `nohup`. One that was started from a terminal ends when the terminal closes, as all programs do.
    """
    hangup = getattr(signal, "SIGHUP", None)  # Windows has none
    if hangup is None or (hangup in ending_signals() and _has_terminal()):
        return None
    return signal.Signals(hangup)


def _has_terminal() -> bool:
    try:
        os.close(os.open(os.ctermid(), os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


def end_at_once() -> None:
    """Let every signal end the process without a word: before a command runs and after it, nothing is to be cleaned up.

    Ctrl-C would be an exception in whatever is being imported or taken down, with a traceback.
    """
    for number in ending_signals():
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def end_cleanly() -> None:
    """Let SIGTERM and SIGHUP end a command as Ctrl-C does, which is an exception; an ignored Ctrl-C stays ignored."""

    def end(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise Ended(number)

    for number in ending_signals():
        if number != signal.SIGINT:
            signal.signal(number, end)
        elif signal.getsignal(number) is signal.SIG_DFL:  # of `end_at_once`
            signal.signal(number, signal.default_int_handler)


def run_until_ended(main: Coroutine[object, object, T]) -> T:
    """Run a coroutine in a loop of its own, and return what it returns; a signal that asks for an end cancels it.

    An exception in whatever the loop is doing, as `end_cleanly` raises it, would leave tasks that nobody waits for.

    Raises:
        KeyboardInterrupt: a signal came, and the coroutine has cleaned up. Ended, if it was not Ctrl-C.
    """
    import asyncio  # noqa: PLC0415 - half of the time that a help text takes

    came: list[int] = []

    async def cancellable() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def end(number: int) -> None:
            came.append(number)
            task.cancel()
            for one in signals:
                loop.remove_signal_handler(one)  # a second signal ends at once

        signals = [one for one in ending_signals() if one != signal.SIGINT]  # which asyncio treats so by itself
        with suppress(NotImplementedError):  # Windows has Ctrl-C only
            for one in signals:
                loop.add_signal_handler(one, end, one)
        return await main

    try:
        return asyncio.run(cancellable())
    except asyncio.CancelledError:
        if not came:
            raise
        raise Ended(came[0]) from None


@contextmanager
def stopping(stop: "asyncio.Event") -> Iterator[None]:
    """Let the first signal that asks for a clean end set `stop`; the second one acts as it always does."""
    import asyncio  # noqa: PLC0415 - half of the time that a help text takes

    loop = asyncio.get_running_loop()
    signals = ending_signals()

    def first() -> None:
        stop.set()
        for number in signals:
            loop.remove_signal_handler(number)

    with suppress(NotImplementedError):  # Windows: Ctrl-C then ends at once
        for number in signals:
            loop.add_signal_handler(number, first)
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            for number in signals:
                loop.remove_signal_handler(number)
