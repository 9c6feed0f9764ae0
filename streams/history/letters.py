"""Dead letters for people: counts by reason, the content of each letter, and which ones could be sent again."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import msgspec

from schemas.dead_letters import DeadLetter, Redriven, read_letter
from schemas.errors import InvalidEvent, InvalidSettings
from schemas.events import Event
from schemas.fair.model import Fair
from schemas.kinds import quoted
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS, REJECTED, UNRESOLVED, topic_of_type
from schemas.wire import REASONS
from streams.fold.decoding import Decoding
from streams.history.read_logs import gone
from streams.history.reading import Span, reading

LetterPlace = tuple[int, int]
"""Partition and offset in `fair.rejected`."""


class _Typed(msgspec.Struct):
    type: str


_TYPE: Final = msgspec.json.Decoder(_Typed).decode


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """All letters in `fair.rejected`.

    Attributes:
        letters: by place, in the order in which they were written. A letter that was written twice, because of a crash
            or because the fair was folded anew, is included once.
        redriven: places of the letters that were sent again.
        notes: in a line each, that older letters are gone, and which transactions are open.
    """

    letters: Mapping[LetterPlace, DeadLetter]
    redriven: frozenset[LetterPlace]
    notes: tuple[str, ...] = ()

    def of(self, reason: str | None = None, terminal: str | None = None) -> dict[LetterPlace, DeadLetter]:
        """Return the letters with this reason and of this terminal; None stands for any.

        Raises:
            InvalidSettings: there is no such reason: no letter has it, and no worker gives it.
        """
        present = {letter.reason for letter in self.letters.values()}
        if reason is not None and reason not in present | REASONS.keys():
            listed = ", ".join(sorted(present))
            raise InvalidSettings(
                f"--reason: no dead letter has the reason {quoted(reason)}",
                hint=f"they have: {listed}" if present else "there are no dead letters at all",
            )
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
    """Return all current dead letters.

    Raises:
        Unavailable: no broker answers, or the topic does not exist.
    """
    found: dict[object, tuple[LetterPlace, DeadLetter]] = {}
    redriven: set[LetterPlace] = set()
    async with reading(kafka, [REJECTED.name], Span()) as reader, aclosing(reader.batches()) as batches:
        notes = [gone(reader.heads)] if reader.heads else []
        notes += [one.message for one in reader.open]
        async for batch in batches:
            for record in batch:
                place = (record.partition, record.offset)
                match read_letter(record.value):
                    case DeadLetter() as letter:
                        found.setdefault((record.key, letter.same) if record.key else place, (place, letter))
                    case Redriven(redriven=of):
                        redriven.add(of)
                    case None:
                        pass
    return DeadLetters(dict(found.values()), frozenset(redriven), tuple(notes))


def admitted(letters: Mapping[LetterPlace, DeadLetter], fair: Fair) -> dict[LetterPlace, Event | InvalidEvent]:
    """Return each letter's event by today's rules and fair file, or the reason why it is still refused."""
    decoding = Decoding(fair)
    names = {topic.name for topic in EVENT_TOPICS}
    verdicts: dict[LetterPlace, Event | InvalidEvent] = {}
    for place, letter in letters.items():
        topic = _home_of(letter)
        if topic not in names:
            verdicts[place] = InvalidEvent(letter.reason, "its topic is unknown")
        elif not letter.is_whole:
            verdicts[place] = InvalidEvent("too_large", "the letter has only a part of the record")
        else:
            verdicts[place] = decoding.one(topic, letter.raw)
    return verdicts


def _home_of(letter: DeadLetter) -> str:
    """Return the topic by whose rules an event is judged: that of its type, if it would have waited for a badge."""
    if letter.topic != UNRESOLVED.name:
        return letter.topic
    try:
        topic = topic_of_type(_TYPE(letter.raw or b"").type)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return ""
    return "" if topic is None else topic.name
