"""The dead letters as a person sees them: how many of which reason, what one says, and which can go again."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from schemas.dead_letters import DeadLetter, Redriven, read_letter
from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.fair.model import Fair
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS, REJECTED
from streams.fold.decoding import Decoding
from streams.history.reading import Span, reading

LetterPlace = tuple[int, int]
"""Partition and offset in `fair.rejected`."""


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """All letters that lie in `fair.rejected`.

    Attributes:
        letters: by place, in the order in which they were written. One that was written again after a crash, with
            the same key, is there once.
        redriven: places of those that were sent again.
    """

    letters: Mapping[LetterPlace, DeadLetter]
    redriven: frozenset[LetterPlace]

    def of(self, reason: str | None = None, terminal: str | None = None) -> dict[LetterPlace, DeadLetter]:
        """Return the letters of a reason and a terminal, all without."""
        return {
            place: letter
            for place, letter in self.letters.items()
            if reason in (None, letter.reason) and terminal in (None, letter.terminal)
        }

    def counts(self, chosen: Iterable[LetterPlace]) -> Counter[tuple[str, str, str, bool]]:
        """Return how many letters there are by reason, topic, terminal, and whether they were redriven."""
        return Counter(
            (letter.reason, letter.topic, letter.terminal, place in self.redriven)
            for place in chosen
            for letter in (self.letters[place],)
        )


async def read_letters(kafka: KafkaSettings) -> DeadLetters:
    """Return the dead letters that are there now.

    Raises:
        Unavailable: no broker answers, or the topic is not there.
    """
    found: dict[bytes | LetterPlace, tuple[LetterPlace, DeadLetter]] = {}
    redriven: set[LetterPlace] = set()
    async with reading(kafka, [REJECTED.name], Span()) as reader, aclosing(reader.batches()) as batches:
        async for batch in batches:
            for record in batch:
                place = (record.partition, record.offset)
                match read_letter(record.value):
                    case DeadLetter() as letter:
                        found.setdefault(record.key or place, (place, letter))
                    case Redriven(redriven=of):
                        redriven.add(of)
                    case None:
                        pass
    return DeadLetters(dict(found.values()), frozenset(redriven))


def admitted(letters: Mapping[LetterPlace, DeadLetter], fair: Fair) -> dict[LetterPlace, Event | InvalidEvent]:
    """Return what each letter's record is by today's rules and fair file: an event, or why it still is none."""
    decoding = Decoding(fair)
    names = {topic.name for topic in EVENT_TOPICS}
    verdicts: dict[LetterPlace, Event | InvalidEvent] = {}
    for place, letter in letters.items():
        raw = letter.raw
        if letter.topic not in names:
            verdicts[place] = InvalidEvent(letter.reason, "its topic is unknown")
        elif raw is not None and len(raw) < letter.size:
            verdicts[place] = InvalidEvent("too_large", "only its beginning is in the letter")
        else:
            verdicts[place] = decoding.one(letter.topic, raw)
    return verdicts
