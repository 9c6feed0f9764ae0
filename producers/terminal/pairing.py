"""Pairing: a terminal learns from the gateway who it is, and keeps it beside its events."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, Self

from typing_extensions import override

from producers.terminal.card import Card
from producers.terminal.drawer import send_again_for
from producers.terminal.fair_key import other_key
from producers.terminal.instance import HOME, home_of
from producers.terminal.link import ServerAnswer
from producers.terminal.refusals import MENDED
from producers.terminal.spool import Spool
from producers.terminal.trouble import of_answer
from schemas.errors import InvalidSettings, Unavailable
from schemas.http_reach import strange_answer
from schemas.times import epoch_ms

PAIRING: Final = "pairing"
CARD: Final = "card"
VERSION: Final = "version"
"""Notes of the spool. All are written in one transaction: nobody sees half of a pairing."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """Who the terminal is, where it sends, and the secret that proves it.

    Attributes:
        place: booth, gate, hall or desk.
        place_id: empty for a desk.
        source: the `source` of every event.
        authorities: PEM text of the authorities that are trusted beside those of the system; may be empty.
        badge_key: fingerprint of the fair's badge key; empty if it was not compared, or the fair has none.
        known_ms: the server's clock when it was paired; 0 if the server did not say.
    """

    server: str
    token: str
    fair_id: str
    terminal_id: str
    place: str
    place_id: str
    source: str
    authorities: str = ""
    badge_key: str = ""
    known_ms: int = 0

    @override
    def __repr__(self) -> str:
        """Return it without the token: it may end up in a log."""
        return f"Pairing({self.terminal_id!r})"

    @classmethod
    def load(cls, spool: Spool) -> Self | None:
        """Return the pairing of a spool, None if it was never paired."""
        return spool.noted(PAIRING, lambda text: cls(**json.loads(text)))


def told_by(answer: ServerAnswer, server: str, token: str, *, authorities: str = "", badge_key: str = "") -> Pairing:
    """Return the pairing that an answer to GET /v1/terminal describes.

    Args:
        answer: as received.
        server: the address that was asked.
        token: the terminal's.
        authorities: PEM text of the authorities that were trusted beside those of the system.
        badge_key: fingerprint of the terminal's badge key, as it was told to the gateway; empty if it has none.

    Raises:
        Unavailable: the server does not know the token, or is not a gateway, or is not ready.
        InvalidSettings: the fair has another badge key.
    """
    trouble = of_answer(answer)
    if trouble.cause == "token":
        raise Unavailable(
            "the gateway does not know this token", hint="ask the organiser for a new one; events stay here meanwhile"
        )
    if trouble.cause in ("wrong_fair", "program_old", "asked_to_slow_down"):
        raise Unavailable(trouble.message, hint=trouble.hint)
    wrong = strange_answer("gateway", server, answer.status)
    if answer.status != 200:
        raise wrong
    try:
        said = json.loads(answer.body)
        names = ("fair_id", "terminal_id", "place", "source")
        told = {name: said[name] for name in names} | {"place_id": said.get("place_id") or ""}
        kept, clock = said.get("badge_key") or "", said.get("server_time") or ""
    except (ValueError, KeyError, TypeError, AttributeError):
        raise wrong from None
    if not all(isinstance(value, str) for value in (*told.values(), kept, clock)):
        raise wrong
    if badge_key and kept != badge_key:
        raise other_key(badge_key, kept)
    return Pairing(
        server=server, token=token, **told, authorities=authorities, badge_key=kept, known_ms=_server_ms(clock)
    )


def _server_ms(text: str) -> int:
    try:
        return epoch_ms(datetime.fromisoformat(text))
    except (ValueError, TypeError):
        return 0


def keep(spool: Spool, pairing: Pairing, card: Card) -> None:
    """Keep a pairing in the spool, all of it or nothing. Pairing the same terminal again keeps every event.

    Events that the gateway refused for a reason that a new pairing may remove are sent again.

    Raises:
        InvalidSettings: the spool belongs to another terminal. Its events would be taken for this terminal's.
    """
    before = Pairing.load(spool)
    if before is not None and before.source != pairing.source and spool.last_seq() > 0:
        raise InvalidSettings(
            "this folder holds the events of another terminal",
            hint="pair that terminal again, or give this one a folder of its own (--folder)",
        )
    version = (spool.noted(VERSION, int) or 0) + 1
    spool.set_notes(
        {
            PAIRING: json.dumps(asdict(pairing)),
            CARD: card.text(),
            VERSION: str(version),
            HOME: home_of(spool),
        }
    )
    send_again_for(spool, MENDED)


def version_of(spool: Spool) -> str:
    """Return what changes whenever the terminal is paired; cheap enough to ask for every second."""
    return spool.note(VERSION) or "0"
