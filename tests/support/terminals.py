"""A paired terminal at the booth h1-001 of the small fair, and badges for it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from producers.terminal.card import card_of
from producers.terminal.pairing import Pairing, keep
from producers.terminal.spool import Spool
from producers.terminal.terminal import BoothTerminal
from schemas.badges.key import key_fingerprint
from schemas.fair.file import example_fair_path, load_fair
from schemas.fair.model import Fair

BADGE = "ab" * 16
FAIR = load_fair(example_fair_path("small"))
REGISTER_FAIR = replace(FAIR, badge_register=True)
"""The same fair with a register of badges."""
SAID: dict[str, Any] = {
    "fair_id": "small-2025",
    "terminal_id": "t-1",
    "place": "booth",
    "place_id": "h1-001",
    "source": "/fairs/small-2025/booths/h1-001/terminals/t-1",
}
"""A gateway's answer to the question whose token the terminal has."""


def pair(folder: Path, server: str, token: str = "tf_k_s", *, fair: Fair = FAIR, **said: str) -> None:
    """Pair the terminal of a folder without asking a server."""
    told = {**SAID, **said}
    spool = Spool(folder)
    keep(spool, Pairing(server=server, token=token, **told), card_of(fair, told["place"], told["place_id"]))
    spool.close()


def paired(folder: Path, **options: Any) -> BoothTerminal:
    """Return the library on a paired folder; close its spool afterwards. Names of `SAID` say where it is."""
    key, fair = options.get("badge_key"), options.pop("fair", FAIR)
    said = {name: options.pop(name) for name in SAID.keys() & options}
    pair(folder, "http://127.0.0.1:1", badge_key="" if key is None else key_fingerprint(key), fair=fair, **said)
    return BoothTerminal(Spool(folder), **options)
