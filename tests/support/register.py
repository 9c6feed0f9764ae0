"""A small register of badges: its fair, its key, codes that are good, and files of the registration system."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from producers.badges.file import RowsRead, read_file
from schemas.badges.check_characters import CheckKind
from schemas.badges.format import BadgeFormat
from schemas.fair.file import example_fair_path, load_fair

KEY: Final = b"0123456789abcdef0123456789abcdef"
FORMAT: Final = BadgeFormat("CIF26-", "digits", 4, CheckKind.LUHN)
FAIR: Final = replace(load_fair(example_fair_path("small")), badge_register=True, badge_codes=FORMAT)
FAIR_LINES: Final = "badge_register: yes\nbadge_codes: {prefix: CIF26-, alphabet: digits, length: 4, check: luhn}\n"
"""Two lines that turn the fair file `small` into that of `FAIR`."""


def code(number: int) -> str:
    """Return a good code of the fair, another one for each number below 1,000."""
    return next(one for digit in range(10) if FORMAT.accepts(one := f"CIF26-{number:03d}{digit}"))


def fair_file(folder: Path) -> Path:
    """Write the file of `FAIR`, and return its path."""
    path = folder / "fair.yaml"
    path.write_text(example_fair_path("small").read_text() + FAIR_LINES)
    return path


def reading_of(folder: Path, content: str | bytes) -> RowsRead:
    """Return what a file with this content says."""
    path = folder / "persons.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_file(path, FAIR, KEY)
