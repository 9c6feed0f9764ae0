"""Pairing: a terminal learns from the gateway who it is, and keeps it beside its events."""

import json
from dataclasses import asdict, dataclass
from typing import Final, Self

from typing_extensions import override

from producers.terminal.card import Card
from producers.terminal.drawer import send_again_for
from producers.terminal.link import ServerAnswer
from producers.terminal.refusals import MENDED
from producers.terminal.spool import Spool
from schemas.errors import InvalidSettings, Unavailable
from schemas.http_reach import parts_of, strange_answer
from schemas.kinds import quoted

PAIRING: Final = "pairing"
CARD: Final = "card"

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Pairing:
    """Who the terminal is, where it sends, and the secret that proves it.

    Attributes:
        place: booth, gate, hall or desk.
        place_id: empty for a desk.
        source: the `source` of every event.
    """

    server: str
    token: str
    fair_id: str
    terminal_id: str
    place: str
    place_id: str
    source: str

    @override
    def __repr__(self) -> str:
        """Return it without the token: it may end up in a log."""
        return f"Pairing({self.terminal_id!r})"

    @classmethod
    def load(cls, spool: Spool) -> Self | None:
        """Return the pairing of a spool, None if it was never paired."""
        return spool.noted(PAIRING, lambda text: cls(**json.loads(text)))


def told_by(answer: ServerAnswer, server: str, token: str) -> Pairing:
    """Return the pairing that an answer to GET /v1/terminal describes.

    Raises:
        Unavailable: the server does not know the token, or is not a gateway, or is not ready.
    """
    if answer.status in (401, 403):
        raise Unavailable(
            "the gateway does not know this token", hint="ask the organiser for a new one; events stay here meanwhile"
        )
    wrong = strange_answer("gateway", server, answer.status)
    if answer.status != 200:
        raise wrong
    try:
        said = json.loads(answer.body)
        names = ("fair_id", "terminal_id", "place", "source")
        told = {name: said[name] for name in names} | {"place_id": said.get("place_id") or ""}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise wrong from None
    if not all(isinstance(value, str) for value in told.values()):
        raise wrong
    return Pairing(server=server, token=token, **told)


def checked_server(text: str, *, insecure: bool = False) -> str:
    """Return the address of a gateway.

    Raises:
        InvalidSettings: it is not an address, or the token would cross a network unencrypted.
    """
    parts = parts_of(text)
    if parts is None or parts.path.strip("/") or parts.query:
        raise InvalidSettings("the gateway's address is not valid", hint="give it as https://gateway.example:8443")
    if parts.username or parts.password:
        raise InvalidSettings("the gateway's address holds a password", hint="leave it out; the token is enough")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK and not insecure:
        raise InvalidSettings(
            "the token would cross the network unencrypted",
            hint="use https://, or --insecure on a network that you trust",
        )
    return text.rstrip("/")


def given_server(option: str, text: str, *, insecure: bool = False) -> str:
    """Return the address of a gateway that an option gives.

    Raises:
        InvalidSettings: as `checked_server`; it names the option and repeats the address, without a password.
    """
    try:
        return checked_server(text, insecure=insecure)
    except InvalidSettings as error:
        raise InvalidSettings(f"{option}: {quoted(text)} cannot be used: {error.message}", hint=error.hint) from None


def keep(spool: Spool, pairing: Pairing, card: Card) -> None:
    """Keep a pairing in the spool. Pairing the same terminal again keeps every event.

    What the gateway refused for a reason that a new pairing may remove is sent again.

    Raises:
        InvalidSettings: the spool belongs to another terminal. Its events would be taken for this terminal's.
    """
    before = Pairing.load(spool)
    if before is not None and before.source != pairing.source and spool.last_seq() > 0:
        raise InvalidSettings(
            "this folder holds the events of another terminal",
            hint="pair that terminal again, or give this one a folder of its own (--folder)",
        )
    spool.set_note(CARD, card.text())
    spool.set_note(PAIRING, json.dumps(asdict(pairing)))
    send_again_for(spool, MENDED)
