"""The settings of a booth terminal, with their defaults."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.badges.key import MAKE_ONE, checked_key, key_problem
from schemas.environment import PREFIX, Settings
from schemas.errors import InvalidSettings
from schemas.kinds import BadgeSecret, File, HeaderSecret, Port
from schemas.outputs import reason


class TerminalSettings(Settings):
    """How a booth terminal behaves."""

    terminal_folder: Annotated[File, Field(examples=["/var/lib/fairpulse/terminal"])] = Path("~/.fairpulse/terminal")
    """Where the terminal keeps its pairing and what it has saved: on a disk of its own machine, never on a network."""

    terminal_token: Annotated[HeaderSecret | None, Field(examples=["the-token-of-the-organiser"])] = None
    """Token from the organiser, read by `fairpulse terminal pair` and `fairpulse gateway conform` only; without it they
    ask."""

    terminal_ca_file: Annotated[File | None, Field(examples=["/etc/fairpulse/gateway-ca.pem"])] = None
    """PEM file of the authority that signed the gateway's certificate; those that the system trusts stay valid beside
    it. `fairpulse terminal pair` keeps its content, so the other commands need it only if it changes."""

    terminal_spool_bytes: Annotated[int, Field(ge=65_536, le=1 << 50, examples=["134217728"])] = 268_435_456
    """Bytes of events to keep while the server is away. Half a million scans fit into the default."""

    terminal_port: Annotated[Port, Field(examples=["8766"])] = 8_765
    """Port of the page of the booth, on this machine only; 0 takes a free one."""

    badge_key: Annotated[BadgeSecret | None, Field(examples=["the-same-32-bytes-or-more-on-all-terminals"])] = None
    """Key that makes pseudonyms of badge codes: at least 32 bytes, the same on all terminals. Rather put it into a
    file. At a fair with a register of badges, gateways need it; a terminal without it sends the codes, and the gateway
    makes the pseudonyms. At any other fair, a terminal without it takes only badges that carry a pseudonym."""

    badge_key_file: Annotated[File | None, Field(examples=["/etc/fairpulse/badge-key"])] = None
    """File that holds the badge key and nothing else; a line end at its end is not part of the key."""

    def pseudonym_key(self) -> bytes | None:
        """Return the badge key, from its file if one is named; None if neither is given.

        Raises:
            InvalidSettings: the file cannot be read, or does not hold a key of at least 32 bytes. It is not repeated.
        """
        if self.badge_key is not None:
            return checked_key(self.badge_key.get_secret_value())
        if self.badge_key_file is None:
            return None
        try:
            text = self.badge_key_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidSettings(
                f"{PREFIX}BADGE_KEY_FILE: the file cannot be read ({reason(error)})",
                hint="name a file that this user may read and that holds the badge key in UTF-8 and nothing else",
            ) from None
        if problem := key_problem(text):
            raise InvalidSettings(f"{PREFIX}BADGE_KEY_FILE: the key in the file {problem}", hint=MAKE_ONE)
        return checked_key(text)

    @model_validator(mode="after")
    def _one_badge_key(self) -> Self:
        if self.badge_key is not None and self.badge_key_file is not None:
            raise InvalidSettings(
                f"{PREFIX}BADGE_KEY_FILE: {PREFIX}BADGE_KEY is given too", hint="remove one of the two"
            )
        return self
