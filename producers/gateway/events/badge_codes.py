"""The code on a badge, which a terminal without the badge key posts: it becomes the hash that Kafka may know.

The code itself goes no further. It is in no event, no answer, no log and no dead letter (`redacting`).
"""

from typing import Any, Final

from producers.badges.codes import hash_of
from schemas.api.http import BADGE_CODE, TYPES_WITH_BADGE
from schemas.badges.format import BadgeFormat
from schemas.errors import InvalidEvent
from schemas.ids import BadgeRef


class BadgeCodes:
    """Reads the codes of the badges of one fair.

    Args:
        key: the fair's badge key; None at a fair without a register of badges, where no code is taken.
        badge_format: of the fair's badges; None if its fair file does not say it.
    """

    def __init__(self, key: bytes | None, badge_format: BadgeFormat | None) -> None:
        self._key, self._format = key, badge_format

    def replace(self, fields: dict[str, Any]) -> None:
        """Put the hash of a posted code into an event's fields, as its `badge_ref`, in place of the code.

        Args:
            fields: of the event, which nobody has checked. A type without a badge has no code: it stays, and is
                refused like any field that the type does not have.

        Raises:
            InvalidEvent: it is not the code of a badge of this fair, or not to be posted here. It is not repeated.
        """
        if BADGE_CODE not in fields or fields.get("type") not in TYPES_WITH_BADGE:
            return
        code = fields.pop(BADGE_CODE)
        if code is None:
            return
        if fields.get("badge_ref") is not None:
            raise _refused("bad_value", "badge_ref is there too", hint="send one of the two")
        fields["badge_ref"] = self.hash_of(code)

    def hash_of(self, code: object) -> BadgeRef:
        """Return the hash of a posted code. Raises InvalidEvent, see `replace`."""
        if self._key is None:
            raise _refused(
                "unknown_field",
                "this fair has no register of badges, so nobody knows whose code it is",
                hint="send badge_ref, the pseudonym that the terminal computes from the code",
            )
        if not isinstance(code, str):
            raise _refused("bad_value", "the value is not valid", hint="write a text in quotes")
        try:
            return hash_of(code, self._key, self._format)
        except InvalidEvent as error:
            raise InvalidEvent(
                error.reason,
                f"{BADGE_CODE}: {error.message.removeprefix(f'{error.field}: ')}",
                field=BADGE_CODE,
                hint=error.hint,
                word=error.word,
                facts=error.facts,
            ) from None


NO_CODES: Final = BadgeCodes(None, None)
"""Those of a fair without a register of badges."""


def _refused(reason: str, message: str, *, hint: str) -> InvalidEvent:
    return InvalidEvent(reason, f"{BADGE_CODE}: {message}", field=BADGE_CODE, hint=hint)
