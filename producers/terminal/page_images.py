"""Every image of every page of a spool: in its file, and in its write-ahead log."""

from collections.abc import Iterable
from pathlib import Path

from producers.terminal.sqlite_pages import PageOfRecords, read_page
from producers.terminal.wal import PAGE, LogFrame


class PageImages:
    """Every image of every page: of the log's present use, newest first; then of the file; then older ones.

    Attributes:
        chained: pages that a long record goes on in. They hold no records of their own.
    """

    def __init__(self, file: Path, frames: list[LogFrame]) -> None:
        self._content = file.read_bytes() if file.is_file() else b""
        self._images: dict[int, list[bytes]] = {}
        self.chained: set[int] = set()
        for number in range(1, -(-len(self._content) // PAGE) + 1):
            self._images[number] = [self._content[(number - 1) * PAGE : number * PAGE]]
        for frame in frames:
            images = self._images.setdefault(frame.number, [])
            if frame.current:
                images.insert(0, frame.page)
            else:
                images.append(frame.page)

    def numbers(self) -> Iterable[int]:
        """Return the numbers of all pages, in order."""
        return sorted(self._images)

    def ages(self, number: int) -> int:
        """Return how many images of a page there are."""
        return len(self._images[number])

    def bytes_of(self, number: int) -> bytes:
        """Return the newest image of a page."""
        return self._images[number][0]

    def read(self, number: int, age: int, *, deep: bool = False) -> PageOfRecords:
        """Return the records of an image of a page; age 0 is the newest. `deep` as in `read_page`."""
        return read_page(self._images[number][age], self._page, first=number == 1, deep=deep)

    def _page(self, number: int) -> bytes | None:
        self.chained.add(number)
        images = self._images.get(number)
        return images[0] if images else None
