"""The address of a gateway, as a person gives it."""

from typing import Final

from schemas.errors import InvalidSettings
from schemas.http_reach import parts_of
from schemas.kinds import quoted

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


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
