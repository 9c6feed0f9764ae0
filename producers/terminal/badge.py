"""From the code on a badge to the pseudonym that leaves the terminal. The code itself is never stored."""

import hmac
import re
from typing import Final

from schemas.errors import InvalidEvent

PSEUDONYM: Final = re.compile(r"(?:[0-9a-f]{2}){16,32}\Z")
CODE: Final = re.compile(r"[!-~]{1,128}\Z")
"""A code as a wedge scanner types it: printable ASCII without spaces."""

SET_KEY: Final = "set FAIRPULSE_BADGE_KEY to the fair's badge key"


def badge_ref(code: str, key: bytes | None) -> str:
    """Return the pseudonym of a badge, the same for one key and code.

    A code that is a pseudonym already (32 to 64 lower-case hex digits) stays as it is.

    Args:
        code: as typed by the scanner; blanks around it are ignored.
        key: the fair's badge key; None if its badges carry pseudonyms.

    Raises:
        InvalidEvent: it is not a badge code, or there is no key to make a pseudonym with. The code is not echoed.
    """
    code = code.strip()
    if PSEUDONYM.match(code):
        return code
    if not CODE.match(code):
        raise InvalidEvent(
            "bad_value",
            "badge: this is not a badge code",
            field="badge",
            hint="scan it again, without pressing other keys",
        )
    if key is None:
        raise InvalidEvent(
            "bad_value",
            "badge: the code is not a pseudonym, and this terminal has no badge key",
            field="badge",
            hint=SET_KEY,
        )
    return hmac.digest(key, code.encode(), "sha256")[:16].hex()
