"""The gateway's certificate and key: read again when their files change, and changed under open connections.

Files change in many ways: renamed over, written in place in two halves, the key before the certificate, or at once
behind a symbolic link, as certbot and Kubernetes do. So a change is taken only once the files have been still for a
moment, and only if certificate and key belong together. A pair that cannot be used never replaces one that can.
"""

import asyncio
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from producers.gateway.tls.x509 import Validity, validity_of
from schemas.environment import variable
from schemas.errors import InvalidSettings
from schemas.logs import logger
from schemas.outputs import reason

log = logger(__name__)

LOOK_S: Final = 1.0
"""Pause between two looks at the files. A change is taken at the second look that finds them alike."""
PATIENCE_LOOKS: Final = 5
"""Looks that files may stay unusable before the log says so: a renewal may write the two files one after the other."""

_CERTIFICATE: Final = variable("gateway_certificate")
_KEY: Final = variable("gateway_certificate_key")

_FIRST: Final = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)

_State = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate with its key, ready for handshakes."""

    context: ssl.SSLContext
    validity: Validity

    def is_valid(self, now: datetime) -> bool:
        """Return whether clients take it now."""
        return self.validity.since <= now < self.validity.until


def read_pair(certificate: Path, key: Path) -> Pair:
    """Return the pair in two files; both may be one.

    Raises:
        InvalidSettings: names the file, what is wrong with it, and the cure.
    """
    chain = _text(certificate, _CERTIFICATE)
    _text(key, _KEY)
    first = _FIRST.search(chain)
    try:
        validity = validity_of(ssl.PEM_cert_to_DER_cert(first[0] if first else ""))
    except ValueError:
        raise InvalidSettings(
            f"{_CERTIFICATE}: the file does not begin with a certificate in PEM",
            hint="give the chain in PEM, the gateway's own certificate first",
        ) from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        if getattr(error, "reason", "") == "KEY_VALUES_MISMATCH":
            raise InvalidSettings(
                f"{_KEY}: the key does not belong to the certificate",
                hint=f"give the key for which the certificate in {_CERTIFICATE} was made",
            ) from None
        raise InvalidSettings(
            f"{_KEY}: the file does not hold a key that can be used", hint="give the key in PEM, without a password"
        ) from None
    return Pair(context, validity)


class Certificates:
    """The pair in force, and what is wrong with its files now.

    Args:
        certificate: the file with the chain.
        key: the file with the key; None if the first file holds it too.
        clock: the server's time.

    Attributes:
        context: for the server; each handshake takes the pair that is in force at this moment.
        trouble: why the files cannot be used now; None if they can.
    """

    def __init__(self, certificate: Path, key: Path | None, clock: Callable[[], datetime]) -> None:
        self._certificate, self._key, self._clock = certificate, key or certificate, clock
        self._seen = self._taken = self._state()
        self._pair = read_pair(self._certificate, self._key)
        self._failed = 0
        self._told: str | None = None
        self.trouble: InvalidSettings | None = None
        self.context = self._pair.context
        self.context.sni_callback = self._choose
        if not self._pair.is_valid(clock()):
            error = _not_valid(self._pair)
            if self._is_new(error):
                log.error("terminals will refuse the certificate", error=error, valid_until=self._pair.validity.until)

    @property
    def validity(self) -> Validity:
        """Number and dates of the certificate in force."""
        return self._pair.validity

    def expires_s(self) -> float:
        """Return when the certificate in force ends, in seconds since 1970."""
        return self._pair.validity.until.timestamp()

    def is_unusable(self) -> bool:
        """Return whether the files cannot be used as they are now."""
        return self.trouble is not None

    async def watch(self) -> None:
        """Keep looking at the files, for ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Take the pair in the files if they have changed and have been still since the look before."""
        state = self._state()
        still, self._seen = state == self._seen, state
        if not still:
            self._failed = 0
        elif state != self._taken or self.trouble is not None:
            self._take(state, PATIENCE_LOOKS)

    def reload(self) -> None:
        """Take the pair in the files now; what is wrong with it is said at once."""
        self._take(self._state(), 1)

    def _take(self, state: _State, patience: int) -> None:
        try:
            pair = read_pair(self._certificate, self._key)
            if self._pair.is_valid(self._clock()) and not pair.is_valid(self._clock()):
                raise _not_valid(pair)
        except InvalidSettings as error:
            self._failed += 1
            self.trouble = error
            if self._failed >= patience:
                self._tell_kept(error)
            return
        if pair.validity.serial != self._pair.validity.serial or self.trouble is not None:
            log.info("certificate read", serial=pair.validity.serial, valid_until=pair.validity.until)
        self._pair, self._taken, self._failed, self.trouble, self._told = pair, state, 0, None, None

    def _tell_kept(self, error: InvalidSettings) -> None:
        if self._is_new(error):
            until = self._pair.validity.until
            log.error(
                "the certificate cannot be replaced; the one before stays in force", error=error, valid_until=until
            )

    def _is_new(self, error: InvalidSettings) -> bool:
        before, self._told = self._told, str(error)
        return self._told != before

    def _choose(self, line: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        line.context = self._pair.context

    def _state(self) -> _State:
        return _digest(self._certificate), _digest(self._key)


def _not_valid(pair: Pair) -> InvalidSettings:
    since, until = pair.validity.since, pair.validity.until
    return InvalidSettings(
        f"{_CERTIFICATE}: the certificate is valid from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC, not now",
        hint="renew it, or check the server's clock",
    )


def _digest(path: Path) -> bytes:
    """Return what changes when a file's content does; nothing if it cannot be read. Times are too coarse for that."""
    try:
        return sha256(path.read_bytes()).digest()
    except OSError:
        return b""


def _text(path: Path, setting: str) -> str:
    try:
        return path.read_text(encoding="latin-1")  # there may be a text around what counts
    except OSError as error:
        raise InvalidSettings(
            f"{setting}: the file cannot be read ({reason(error)})",
            hint="name a PEM file that this user may read",
        ) from None


def _no_password() -> str:
    raise ValueError("the key has a password")
