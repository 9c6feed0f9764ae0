"""Why an HTTP server gives no usable answer: what is wrong with the address, and what to do.

For the gateway that a terminal posts to, and for the workers that commands ask. Like `kafka_reach`, this holds no
client library: every HTTP client passes on the cause that Python's own network modules raise.
"""

import ssl
from collections.abc import Iterator, Mapping
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
_UNKNOWN_CA: Final = frozenset({2, 18, 19, 20, 21})
"""Codes of OpenSSL: the certificate is for another name or IP address; its authority is missing or unknown."""


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


class NoAnswer(Unavailable):
    """A request got no answer.

    Attributes:
        cause: the name of the text that a page shows for it, for example `tls_expired`.
        facts: the values in that text.
    """

    def __init__(self, cause: str, message: str, *, hint: str, facts: Mapping[str, str]) -> None:
        super().__init__(message, hint=hint)
        self.cause = cause
        self.facts = facts


def no_answer(
    program: str, url: str, error: BaseException, *, start: str = "", ca_setting: str = "SSL_CERT_FILE"
) -> NoAnswer:
    """Return why a request got no answer.

    Args:
        program: the server that was asked, for example `gateway`.
        url: its address; a name and password in it are not shown.
        error: an exception of any HTTP client.
        start: the command that starts such a server here; empty if it runs elsewhere.
        ca_setting: the variable that names a file of certificate authorities.
    """
    at = host_port(url)
    host = urlsplit(url).hostname or ""
    encrypted = urlsplit(url).scheme == "https"
    check = f"check host and port of the {program}"

    def because(cause: str, message: str, hint: str, **facts: str) -> NoAnswer:
        return NoAnswer(cause, message, hint=hint, facts={"at": at, **facts})

    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                word, message, hint = _untrusted(at, cause, ca_setting)
                return because(word, message, hint, why=cause.verify_message)
            case ssl.SSLEOFError() | ConnectionResetError():
                break
            case ssl.SSLError() if "ALERT" in (cause.reason or ""):
                why = (cause.reason or "").lower().replace("_", " ")
                return because("tls_other", f"{at} ends the TLS handshake ({why})", check, why=why)
            case ssl.SSLError():
                return because("not_tls", f"{at} does not speak TLS", f"write http://{at}, or {check}")
            case gaierror():
                return because(
                    "dns", f"the name {host} is not known", f"{check}, and this machine's name server", host=host
                )
            case ConnectionRefusedError():
                remedy = f"{check}, or start one with {start}" if start else check
                return because("refused", f"nothing listens at {at}", remedy)
            case TimeoutError():
                return because("timeout", f"{at} does not answer in time", f"{check}, and the network")
            case OSError(strerror=str()) if not isinstance(cause, ConnectionError):
                why = reason(cause)
                return because("no_network", f"no connection to {at} ({why})", f"{check}, and the network", why=why)
            case _:
                pass
    other = (
        f"if that port does not speak TLS, write http://{at}" if encrypted else f"if it speaks TLS, write https://{at}"
    )
    return because("not_http", f"{at} ends the connection without an HTTP answer", f"{other}; else {check}")


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


def _untrusted(at: str, error: ssl.SSLCertVerificationError, ca_setting: str) -> tuple[str, str, str]:
    """Return the cause, what is wrong and what to do; the clock comes first where it is the likely fault."""
    match error.verify_code:
        case code if code in _OTHER_NAME:
            return (
                "tls_wrong_host",
                f"the certificate of {at} is for another name",
                "write the name that it is for, or have a certificate made for this one",
            )
        case code if code == _EXPIRED:
            return (
                "tls_expired",
                f"the certificate of {at} has expired",
                "check this machine's clock; if it is right, renew the certificate",
            )
        case code if code == _NOT_YET_VALID:
            return (
                "tls_not_yet_valid",
                f"the certificate of {at} is not valid yet by this machine's clock",
                "set this machine's clock; if it is right, the certificate is dated too late",
            )
        case code if code in _UNKNOWN_CA:
            return (
                "tls_unknown_ca",
                f"the authority of {at}'s certificate is not known to this machine ({error.verify_message})",
                f"name the PEM file of its authority in {ca_setting}",
            )
        case _:
            return (
                "tls_other",
                f"the certificate of {at} is not trusted ({error.verify_message})",
                "have the certificate made anew",
            )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the deepest cause first: clients wrap it in errors of their own, urllib in `reason`."""
    found: list[BaseException] = []
    one: object = error
    while isinstance(one, BaseException) and one not in found:
        found.append(one)
        one = one.__cause__ or getattr(one, "reason", None)
    yield from reversed(found)
