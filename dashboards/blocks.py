"""Parts of pages that are written from the code, between two comments that a reader of the page does not see.

    <!-- ports: written by python -m dashboards -->
    ...
    <!-- end -->

The first word names the table; words after it, up to the colon, are what the table is asked for.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from schemas.errors import FairpulseError

BY: Final = "written by python -m dashboards"
END: Final = "<!-- end -->"
_BLOCK: Final = re.compile(rf"(<!-- ([a-z]+)((?: [a-z0-9_.]+)*): {BY} -->\n)(.*?)({END})", re.DOTALL)
_BEGIN: Final = re.compile(rf"<!-- [^>]*{BY}[^>]*-->")
_SKIPPED: Final = ("node_modules", "__pycache__")

Table = Callable[[Path, tuple[str, ...]], str]
"""Makes the text of a block: takes the folder of its page, for links, and the words of the block."""


def pages_of(root: Path) -> Iterator[Path]:
    """Yield all pages of a folder and the folders in it; of hidden folders only .github."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(
            one for one in folders if one == ".github" or (not one.startswith(".") and one not in _SKIPPED)
        )
        yield from (Path(folder) / name for name in sorted(files) if name.endswith(".md"))


def has_blocks(text: str) -> bool:
    """Return whether a page has a part that is written, or means to have one."""
    return _BEGIN.search(text) is not None


def with_fresh_blocks(page: Path, tables: Mapping[str, Table]) -> str:
    """Return the text of a page with every block as it is today.

    Raises:
        FairpulseError: a block has no end, or there is no table of its name.
    """
    text = page.read_text(encoding="utf-8")

    def fresh(found: re.Match[str]) -> str:
        begin, name, words, _, end = found.groups()
        if name not in tables:
            known = ", ".join(sorted(tables))
            raise FairpulseError(f"{_place(page)}: there is no table {name}", hint=f"there are {known}")
        return f"{begin}\n{tables[name](page.parent, tuple(words.split()))}\n{end}"

    if len(_BEGIN.findall(text)) != len(_BLOCK.findall(text)):
        raise FairpulseError(f"{_place(page)}: a block has no end", hint=f"write {END} on a line of its own below it")
    return _BLOCK.sub(fresh, text)


def _place(page: Path) -> str:
    return f"{page.parent.name}/{page.name}"


def rows(*lines: tuple[str, ...]) -> str:
    """Return a Markdown table; the first line is its head."""
    head, *body = (
        "| " + " | ".join(" ".join(cell.split()).replace("|", "/") for cell in line) + " |" for line in lines
    )
    return "\n".join((head, "|" + "---|" * len(lines[0]), *body)) + "\n"
