"""Links from an error to the schema in the served document that describes the wrong part.

They are relative to the address of the request (RFC 3986, section 5.2), so they lead there whatever prefix the gateway
or a proxy in front of it has.
"""

from typing import Final

from schemas.api.http import OPENAPI_PATH, POSTED_CLASSES
from schemas.events import type_of

_SCHEMAS: Final = f"..{OPENAPI_PATH}#/components/schemas/"
_NAMES: Final = {type_of(kind): kind.__name__ for kind in POSTED_CLASSES}


def schema_link(kind: object, pointer: str) -> str:
    """Return the link for a wrong part of an event.

    Args:
        kind: the event's `type` as posted, which may be anything. An unknown one leads to the schema of all types.
        pointer: JSON pointer to the wrong part, from the event on.
    """
    name = _NAMES.get(kind) if isinstance(kind, str) else None
    if name is None:
        return f"{_SCHEMAS}Event"
    return f"{_SCHEMAS}{name}Data" if pointer.startswith("/data") and pointer != "/data" else _SCHEMAS + name
