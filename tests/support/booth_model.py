"""The events that a booth page must save, by the README for staff: a model that shares no code with the page."""

from dataclasses import dataclass, field
from typing import Final

USUAL: Final = "visitor_professional"
Event = tuple[str, ...]
"""A scan with badge and badge type, an interaction with badge, exhibit and kind, or an undo with what it takes back."""


@dataclass
class BoothModel:
    """The choices on the page, and what it must have saved and said.

    Attributes:
        moods: how each action must have ended, in their order.
        must: what must have been saved.
        last: the event that Undo takes back, None if there is none.
        up: the program runs.
        waiting: what the program saves as soon as it runs again.
    """

    tab: str = "scan"
    dialog: bool = False
    role: str = USUAL
    exhibit: str | None = None
    kind: str | None = None
    up: bool = True
    last: Event | None = None
    moods: list[str] = field(default_factory=list)
    must: list[Event] = field(default_factory=list)
    waiting: list[list[Event]] = field(default_factory=list)

    def scan(self, badges: list[str]) -> None:
        """Good badges are scanned in one burst; "" is a tap on Save without badge."""
        if self.tab == "interact" and not self.dialog:
            if self.exhibit is None or self.kind is None:
                self.moods.append("bad")
                return
            self._save([("interaction", badge, self.exhibit, self.kind) for badge in badges])
            self.exhibit = self.kind = None
        else:
            role = self.role if self.tab == "scan" and not self.dialog else USUAL
            self._save([("scan", badge, role) for badge in badges])
            if self.tab == "scan" and not self.dialog:
                self.role = USUAL

    def again(self) -> None:
        """The badge of the last scan is read a second time."""
        self.moods.append("again" if self.up else "wait")

    def foreign(self) -> None:
        """Something is scanned that is not a badge: all choices stay."""
        self.moods.append("bad")

    def undo(self) -> None:
        """Undo is pressed."""
        if self.last is None:
            self.moods.append("bad")
            return
        self.must.append(("undo", *self.last))
        self.moods.append("undone")
        self.last = None

    def start(self) -> None:
        """The program runs again, and saves what waited."""
        self.up = True
        for events in self.waiting:
            self._save(events)
        self.waiting = []

    def _save(self, events: list[Event]) -> None:
        if not self.up:
            self.waiting.append(events)
            self.moods.append("wait")
            return
        self.must += events
        self.last = events[-1]
        self.moods.append("good")
