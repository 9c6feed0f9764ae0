"""The line of a paired terminal: made from its pairing, and kept in step when `terminal pair` runs meanwhile."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from producers.terminal.answer_reading import object_in
from producers.terminal.instance import instance_of
from producers.terminal.link import PATIENCE_S, Link, ServerAnswer
from producers.terminal.paired import Paired
from producers.terminal.pairing import version_of
from producers.terminal.sender import Sender
from producers.terminal.spool import Spool
from producers.terminal.terminal import BoothTerminal
from producers.terminal.trouble import NONE, Trouble, told
from schemas.errors import InvalidSettings, Unavailable
from schemas.logs import logger

log = logger(__name__)

LOOK_S: Final = 1.0
"""Pause between two looks whether the terminal was paired again."""


def link_of(spool: Spool, paired: Paired, authorities: str = "", *, patience_s: float = PATIENCE_S) -> Link:
    """Return the way to the gateway of a pairing.

    Args:
        spool: of the terminal.
        paired: what the spool says.
        authorities: PEM text of authorities from the settings; they are trusted beside those of the pairing.
        patience_s: time limit of one exchange.
    """
    return Link(
        paired.pairing.server,
        authorities=(paired.pairing.authorities, authorities),
        instance=instance_of(spool),
        patience_s=patience_s,
    )


class Renewal:
    """Keeps a running terminal in step with its pairing, and with what the gateway says about it.

    Args:
        terminal: takes up the new card, and judges the badge key.
        sender: sends with the new token to the new server.
        authorities: reads the PEM text of authorities from the file that the settings name; called every second.
    """

    def __init__(self, terminal: BoothTerminal, sender: Sender, authorities: Callable[[], str] = str) -> None:
        self._terminal = terminal
        self._sender = sender
        self._read = authorities
        self._authorities = authorities()
        self._foreign = False
        sender.known_ms = terminal.paired.pairing.known_ms
        sender.standing = self.standing
        sender.met = self.hear

    async def run(self) -> None:
        """Look for a new pairing, and for new authorities, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            # A disk that does not work is told by the sender, which writes to it.
            with suppress(Unavailable):
                paired = await asyncio.to_thread(self._newer)
                if paired is not None:
                    self.take_up(paired)
            # A file that is just being written is read again a second later.
            with suppress(InvalidSettings):
                self._trust(await asyncio.to_thread(self._read))

    def _trust(self, authorities: str) -> None:
        if authorities != self._authorities:
            self._authorities = authorities
            pairing = self._terminal.paired.pairing
            self._sender.link.go_to(pairing.server, (pairing.authorities, authorities))
            self._sender.try_now()
            log.info("the file of authorities was replaced")

    def take_up(self, paired: Paired) -> None:
        """Use a new pairing at once, all of it."""
        self._terminal.take_up(paired)
        self._foreign = False
        self._sender.link.go_to(paired.pairing.server, (paired.pairing.authorities, self._authorities))
        self._sender.known_ms = paired.pairing.known_ms
        self._sender.try_now()
        log.info("paired again", terminal=paired.pairing.terminal_id, server=self._sender.link.server)

    def hear(self, answer: ServerAnswer) -> None:
        """Compare an answer to GET /v1/terminal with the pairing; any other answer changes nothing."""
        said = object_in(answer.body)
        if answer.status != 200 or "source" not in said:
            return
        self._foreign = said["source"] != self._terminal.paired.pairing.source
        key = said.get("badge_key")
        if isinstance(key, str) and key:
            self._terminal.fair_key = key

    def standing(self) -> Trouble:
        """Return what is wrong although the gateway answers."""
        terminal = self._terminal
        if self._foreign:
            return told("wrong_fair")
        if terminal.other_key:
            return told("badge_key_changed", ours=terminal.other_key, theirs=terminal.fair_key or "not known")
        return NONE

    def _newer(self) -> Paired | None:
        spool = self._terminal.spool
        return None if version_of(spool) == self._terminal.paired.version else Paired.read(spool)
