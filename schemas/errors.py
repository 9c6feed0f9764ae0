"""Errors that people read: what is wrong, where, and what to do.

FairpulseError
├── InvalidEvent      reject this event (it goes to the dead letters, the stream moves on)
├── InvalidFairFile   the fair file must be corrected before anything starts
├── InvalidSettings   an environment variable or option must be corrected
├── InvalidRecording  a file is not a recording, or not a whole one
├── Unavailable       something outside is missing or down: start it, then try again
│   └── Refused       Kafka is there and does not let us: a password or an access rule must be corrected
└── MustStop          a human must look: going on would lose or double a number
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from typing_extensions import override


class FairpulseError(Exception):
    """An error with its remedy, on one line.

    Args:
        message: what is wrong and where. It repeats what was typed as an option, and no other input.
        hint: what the reader can do about it.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @override
    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class InvalidEvent(FairpulseError):
    """A record that is not a valid event.

    Attributes:
        reason: a short code from a closed set, fit for a metric label.
        field: dotted path of the offending field, empty when the record as a whole is meant.
        path: the same in its parts, of which one may hold a dot itself.
        to_sender: what the program can do that sent it, if that is not `hint`: it has neither the fair file nor our
            commands.
        word: the name of the text that a page shows for it in the reader's language; empty if it has none.
        facts: the values in that text.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        field: str = "",
        hint: str = "",
        path: Sequence[str | int] = (),
        to_sender: str = "",
        word: str = "",
        facts: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(message, hint=hint)
        self.reason = reason
        self.field = field
        self.path = tuple(path) or tuple(field.split(".") if field else ())
        self.to_sender = to_sender or hint
        self.word = word
        self.facts = facts


class InvalidFairFile(FairpulseError):
    """The fair file names something impossible; the message starts with file, line and field.

    Attributes:
        problems: of a file with several problems, one line each, for a reader who corrects the file; else empty.
    """

    def __init__(self, message: str, *, hint: str = "", problems: Sequence[str] = ()) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class InvalidSettings(FairpulseError):
    """A setting is unknown or has a bad value; the message names the variable and not the value."""


class InvalidRecording(FairpulseError):
    """A file is not a recording, or a line of its export is not a record; the message starts with which."""


class Unavailable(FairpulseError):
    """A broker, a port, a download or a program that is needed is not there."""


class Refused(Unavailable):
    """Kafka does not take the name or password, or lacks the access rule; trying again does not help by itself."""


class MustStop(FairpulseError):
    """Going on would lose an event or count one twice. The process leaves; its supervisor restarts it."""
