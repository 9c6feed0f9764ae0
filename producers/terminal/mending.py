"""Events that were refused for a reason that a correction elsewhere removes are sent again after a correction.

One that is refused again waits in the drawer for the next correction, so nothing is sent in a loop.
"""

import json
from typing import Final

from producers.terminal import spool_rows
from producers.terminal.answer_reading import object_in
from producers.terminal.link import ServerAnswer
from producers.terminal.refusals import MENDED
from producers.terminal.spool import Spool

NOTE: Final = "gateway_knows"
"""Name of the note of what the gateway's answers depend on."""

_DEPENDS_ON: Final = ("fair_file", "fair_id", "source")
"""Fields of the answer to GET /v1/terminal: the fair file's fingerprint, and what the registry says."""
_ALSO: Final = "gateway_version"
"""A field that older gateways do not have."""


def mended(spool: Spool, answer: ServerAnswer) -> int:
    """Return how many events of the drawer wait again because the gateway is set up in another way than before.

    Args:
        spool: of this terminal.
        answer: to GET /v1/terminal; any other answer changes nothing.
    """
    said = object_in(answer.body) if answer.status == 200 else {}
    told = {name: said[name] for name in _DEPENDS_ON if isinstance(said.get(name), str)}
    also = {_ALSO: said[_ALSO]} if isinstance(said.get(_ALSO), str) else {}
    text = json.dumps(told | also)
    if len(told) < len(_DEPENDS_ON) or text == spool.note(NOTE):
        return 0
    with spool.transaction("the drawer is unchanged") as database:
        database.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (NOTE, text))
        return spool_rows.wait_again(database, spool_rows.refused_for(database, MENDED))
