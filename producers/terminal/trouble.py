"""Why nothing goes through: a cause, its facts, and what a person can do. One way from every error and answer to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from typing_extensions import override

from producers.terminal.answer_reading import cause_of, is_ours, object_in
from producers.terminal.clock import obviously_wrong, shown
from producers.terminal.link import ServerAnswer
from schemas.errors import FairpulseError
from schemas.http_reach import NoAnswer

PAIR_AGAIN: Final = "pair it again (fairpulse terminal pair); every event is kept"
WAIT: Final = "keep going; events stay here and are sent later"

ANSWERS: Final[Mapping[str, tuple[str, str]]] = {
    "token": (
        "the gateway does not know this terminal any more",
        f"ask the organiser for a new token and {PAIR_AGAIN}",
    ),
    "wrong_fair": ("the token is of another terminal or fair", f"ask the organiser for its own token and {PAIR_AGAIN}"),
    "badge_key_changed": (
        "the fair's badge key is {theirs}, and this terminal's is {ours}",
        "set the fair's key, pair again, then start the program again; plain badge codes are not saved until then",
    ),
    "proxy": (
        "something between this terminal and the gateway answers in its place (status {status})",
        "tell the person who looks after the network; events stay here",
    ),
    "portal": (
        "the network answers in the gateway's place (status {status})",
        "log in to the Wi-Fi in a browser; events stay here",
    ),
    "program_old": (
        "the gateway does not understand this program (status {status})",
        "update this program; events stay here",
    ),
    "server_not_ready": ("the gateway cannot store events right now", WAIT),
    "asked_to_slow_down": ("the gateway asks to slow down", WAIT),
    "clock_wrong": (
        "this machine's clock is wrong: it shows {when}",
        "set its date and time; events stay here until then",
    ),
}
"""What an answer means, and what to do; the texts of errors come with the errors."""

MENDED_BY_PEOPLE: Final = frozenset(
    {
        *(
            "tls_unknown_ca",
            "tls_expired",
            "tls_not_yet_valid",
            "tls_wrong_host",
            "tls_other",
            "not_tls",
            "clock_wrong",
        ),
        *("proxy", "portal", "program_old", "token", "wrong_fair", "badge_key_changed"),
        *("disk", "disk_full", "spool_full", "spool_damaged"),
    }
)
"""Waiting does not mend these. The terminal goes on saving and trying, so that it goes on by itself once they are."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong.

    Attributes:
        cause: the name of the page's text; empty if nothing is wrong.
        facts: the values in that text.
        message: what is wrong, for a reader of English.
        hint: what to do.
    """

    cause: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    hint: str = ""

    @property
    def mended_by_people(self) -> bool:
        """Whether waiting does not help."""
        return self.cause in MENDED_BY_PEOPLE

    @override
    def __str__(self) -> str:
        """Return it as one line; empty if nothing is wrong."""
        return f"{self.message}; {self.hint}" if self.hint else self.message


NONE: Final = Trouble()


def told(cause: str, **facts: str) -> Trouble:
    """Return the trouble of a cause in `ANSWERS`."""
    message, hint = ANSWERS[cause]
    return Trouble(cause, facts, message.format_map(facts), hint)


def of_error(error: FairpulseError, now_ms: int, known_ms: int) -> Trouble:
    """Return the trouble behind an error of the network or of the disk.

    Args:
        error: as raised.
        now_ms: the terminal's clock.
        known_ms: a time that is over for certain, by the server's clock.
    """
    cause = getattr(error, "cause", "disk")
    if (
        isinstance(error, NoAnswer)
        and cause in ("tls_not_yet_valid", "tls_expired")
        and obviously_wrong(now_ms, known_ms)
    ):
        return told("clock_wrong", when=shown(now_ms))
    return Trouble(cause, dict(getattr(error, "facts", {})), error.message, error.hint)


def of_answer(answer: ServerAnswer, source: str = "") -> Trouble:
    """Return the trouble that an answer to GET /v1/terminal means.

    Args:
        answer: as received.
        source: of the terminal that asked; empty if it does not know yet who it is.
    """
    content = object_in(answer.body)
    ours = is_ours({name.lower(): value for name, value in answer.headers.items()}, content)
    if answer.status == 200 and "terminal_id" in content:
        return told("wrong_fair") if source and content.get("source") != source else NONE
    cause = cause_of(answer.status, from_gateway=ours, code=content.get("code"))
    return told(cause, status=str(answer.status)) if "{status}" in ANSWERS[cause][0] else told(cause)
