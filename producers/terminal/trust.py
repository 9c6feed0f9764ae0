"""Which certificates of a gateway a terminal trusts: those of the system's authorities, and those of its own file."""

import ssl
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final

from schemas.environment import PREFIX
from schemas.errors import InvalidSettings
from schemas.outputs import reason

CA_FILE: Final = f"{PREFIX}TERMINAL_CA_FILE"

_CERTIFICATE: Final = "-----BEGIN CERTIFICATE-----"
_KEY: Final = "PRIVATE KEY-----"
_NAME_IT: Final = "name the PEM file of the authority that signed the gateway's certificate"


def authorities_in(file: Path | None) -> str:
    """Return the PEM text of a file of authorities; empty without a file.

    Raises:
        InvalidSettings: the file cannot be read, holds no certificate, or holds a private key.
    """
    if file is None:
        return ""
    try:
        text = file.read_text(encoding="ascii")
    except UnicodeError:
        raise InvalidSettings(f"{CA_FILE}: the file is not PEM text", hint=_NAME_IT) from None
    except OSError as error:
        raise InvalidSettings(f"{CA_FILE}: the file cannot be read ({reason(error)})", hint=_NAME_IT) from None
    _check(text)
    return text


@lru_cache(maxsize=1)
def _check(text: str) -> None:
    """Raise InvalidSettings if a text is not certificates alone. A running terminal reads it anew every second."""
    if _KEY in text:
        raise InvalidSettings(
            f"{CA_FILE}: the file holds a private key, which no terminal should have",
            hint="name a file with the authority's certificate alone",
        )
    if _CERTIFICATE not in text:
        raise InvalidSettings(f"{CA_FILE}: the file holds no certificate in PEM", hint=_NAME_IT)
    trusting([text])


def trusting(authorities: Iterable[str]) -> ssl.SSLContext:
    """Return how to speak TLS: the system's authorities are trusted, and these beside them.

    Args:
        authorities: PEM texts; empty ones add nothing.

    Raises:
        InvalidSettings: a certificate in a text is damaged.
    """
    context = ssl.create_default_context()
    for text in filter(None, authorities):
        try:
            context.load_verify_locations(cadata=text)
        except ssl.SSLError:
            raise InvalidSettings(f"{CA_FILE}: a certificate in it is damaged", hint=_NAME_IT) from None
    return context
