"""The fair of a program: from the file that an option or the environment names, or the shipped example."""

from pathlib import Path

from schemas.fair.file import example_fair_path, load_fair
from schemas.fair.model import Fair
from schemas.settings import FairSettings


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


def chosen_fair(option: Path | None = None) -> Fair:
    """Return the fair of the chosen file.

    Raises:
        InvalidSettings: the environment holds a FAIRPULSE_ variable that no setting declares.
        InvalidFairFile: the file cannot be read.
    """
    return load_fair(chosen_fair_file(option))
