"""Why an HTTP server gives no usable answer: what is wrong with the address, and what to do.

For the gateway that a terminal posts to, and for the workers that commands ask. Like `kafka_reach`, this holds no
client library: every HTTP client passes on the cause that Python's own network modules raise.
"""

import ssl
from collections.abc import Iterator
from socket import gaierror
from typing import Final
from urllib.parse import SplitResult, urlsplit

from schemas.errors import Unavailable
from schemas.outputs import reason

PORTS: Final = {"http": 80, "https": 443}
"""The ports of addresses that name none."""

_EXPIRED: Final = 10
_NOT_YET_VALID: Final = 9
_OTHER_NAME: Final = frozenset({62, 64})
"""Codes of OpenSSL: the certificate is for another name or IP address."""


def parts_of(url: str) -> SplitResult | None:
    """Return the parts of http://HOST[:PORT] or https://HOST[:PORT]; None if it is not such an address."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in PORTS and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if valid else None


def host_port(url: str) -> str:
    """Return HOST:PORT of a valid address, without a name and password in it."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{f'[{host}]' if ':' in host else host}:{parts.port or PORTS[parts.scheme]}"


def no_answer(program: str, url: str, error: BaseException, *, start: str = "") -> Unavailable:
    """Return why a request got no answer.

    Args:
        program: the server that was asked, for example `gateway`.
        url: its address; a name and password in it are not shown.
        error: an exception of any HTTP client.
        start: the command that starts such a server here; empty if it runs elsewhere.
    """
    at = host_port(url)
    host = urlsplit(url).hostname
    encrypted = urlsplit(url).scheme == "https"
    check = f"check host and port of the {program}"
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return _untrusted(at, cause)
            case ssl.SSLEOFError() | ConnectionResetError():
                break
            case ssl.SSLError() if "ALERT" in (cause.reason or ""):
                return Unavailable(
                    f"{at} ends the TLS handshake ({(cause.reason or '').lower().replace('_', ' ')})", hint=check
                )
            case ssl.SSLError():
                return Unavailable(f"{at} does not speak TLS", hint=f"write http://{at}, or {check}")
            case gaierror():
                return Unavailable(f"the name {host} is not known", hint=f"{check}, and this machine's name server")
            case ConnectionRefusedError():
                remedy = f"{check}, or start one with {start}" if start else check
                return Unavailable(f"nothing listens at {at}", hint=remedy)
            case TimeoutError():
                return Unavailable(f"{at} does not answer in time", hint=f"{check}, and the network")
            case OSError(strerror=str()) if not isinstance(cause, ConnectionError):
                return Unavailable(f"no connection to {at} ({reason(cause)})", hint=f"{check}, and the network")
            case _:
                pass
    other = (
        f"if that port does not speak TLS, write http://{at}" if encrypted else f"if it speaks TLS, write https://{at}"
    )
    return Unavailable(f"{at} ends the connection without an HTTP answer", hint=f"{other}; else {check}")


def strange_answer(program: str, url: str, status: int) -> Unavailable:
    """Return what is wrong with an answer that is not the program's, for a status that the program does not send.

    Args:
        program: the server that was asked, for example `gateway`.
        url: its address.
        status: of the answer.
    """
    at = host_port(url)
    if status >= 500:
        return Unavailable(f"the server at {at} is not ready (status {status})", hint="try again in a minute")
    return Unavailable(
        f"a web server answers at {at}, but it is not a fairpulse {program} (status {status})",
        hint=f"check host and port of the {program}",
    )


def _untrusted(at: str, error: ssl.SSLCertVerificationError) -> Unavailable:
    match error.verify_code:
        case code if code in _OTHER_NAME:
            return Unavailable(f"the certificate of {at} is for another name", hint="write the name that it is for")
        case code if code in (_EXPIRED, _NOT_YET_VALID):
            return Unavailable(
                f"the certificate of {at} is not valid today",
                hint="check this machine's clock, or renew the certificate",
            )
        case _:
            return Unavailable(
                f"the certificate of {at} is not trusted ({error.verify_message})",
                hint="name the PEM file of its authority in SSL_CERT_FILE",
            )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the deepest cause first: clients wrap it in errors of their own, urllib in `reason`."""
    found: list[BaseException] = []
    one: object = error
    while isinstance(one, BaseException) and one not in found:
        found.append(one)
        one = one.__cause__ or getattr(one, "reason", None)
    yield from reversed(found)
