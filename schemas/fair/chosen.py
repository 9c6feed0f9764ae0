"""The fair of a program: from the file that an option or the environment names, or the shipped example."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from schemas.errors import InvalidSettings
from schemas.fair.file import example_fair_path, load_fair
from schemas.fair.model import Fair
from schemas.settings import FairSettings

NAME_IT: Final = "name its fair file with --fair or FAIRPULSE_FAIR_FILE"

_FAIR_ID: Final = re.compile(rb'"fair_id"\s*:\s*"([A-Za-z0-9._-]{1,64})"')

ENOUGH: Final = 100
"""With this many events of other fairs, none of this one, and no older ones to come, the fair file is the wrong one.

A few may go astray, and a log may begin with a rehearsal.
"""


class FairsSeen:
    """Looks at raw records one by one: are they events of the fair of the fair file?

    Args:
        fair_id: of the fair file.
        used: why its fair file is used, see `used_fair_file`.
    """

    def __init__(self, fair_id: str, used: str) -> None:
        self._fair_id = fair_id.encode()
        self._used = used
        self._others = 0
        self._other = b""
        self.ours = False

    def look(self, value: bytes | None) -> None:
        """Look at the value of a record; one that is not an event says nothing."""
        if self.ours or (found := _FAIR_ID.search(value or b"")) is None:
            return
        if found[1] == self._fair_id:
            self.ours = True
            return
        self._other = found[1]
        self._others += 1

    @property
    def only_others(self) -> bool:
        """Whether there were `ENOUGH` events of other fairs by now, and none of this one."""
        return self._others >= ENOUGH and not self.ours

    def end(self) -> None:
        """Say that there are no more records. Raises InvalidSettings if there were events, and all of other fairs."""
        if self._others and not self.ours:
            raise other_fair("the events are", self._other.decode(), self._fair_id.decode(), self._used)


def refuse_other_fair(values: Iterable[bytes | None], fair_id: str, used: str) -> None:
    """Raise InvalidSettings if there are events among records, and all of other fairs; it reads until it knows."""
    seen = FairsSeen(fair_id, used)
    for value in values:
        seen.look(value)
        if seen.ours:
            return
    seen.end()


def used_fair_file(named: Path | None) -> str:
    """Return in words why a fair file is used, given the one that was named."""
    return "example is used because no fair file is named" if named is None else "fair file is named"


def other_fair(what: str, found: str, fair_id: str, used: str) -> InvalidSettings:
    """Return the error for something of another fair than the one of the fair file."""
    return InvalidSettings(f"{what} of the fair {found}, not of {fair_id}, whose {used}", hint=NAME_IT)


def named_fair_file(option: Path | None = None) -> Path | None:
    """Return the fair file that the option names, or else the environment; None if neither does.

    Raises:
        InvalidSettings: the environment holds a FAIRPULSE_ variable that no setting declares.
    """
    return FairSettings.load(fair_file=option).fair_file


def chosen_fair_file(option: Path | None = None) -> Path:
    """Return the named fair file, or else the shipped example of a CIFTIS-like fair.

    Raises:
        InvalidSettings: the environment holds a FAIRPULSE_ variable that no setting declares.
    """
    return named_fair_file(option) or example_fair_path()


def named_fair_id(option: Path | None = None) -> str | None:
    """Return the id of the fair whose file is named; None if no file is named.

    Raises:
        InvalidSettings: the environment holds a FAIRPULSE_ variable that no setting declares.
        InvalidFairFile: the file cannot be read.
    """
    named = named_fair_file(option)
    return None if named is None else load_fair(named).fair_id


def chosen_fair(option: Path | None = None) -> Fair:
    """Return the fair of the chosen file.

    Raises:
        InvalidSettings: the environment holds a FAIRPULSE_ variable that no setting declares.
        InvalidFairFile: the file cannot be read.
    """
    return load_fair(chosen_fair_file(option))
