"""The few fields of an X.509 certificate (RFC 5280, section 4.1) that Python's ssl shows only for a peer's."""

from datetime import UTC, datetime
from typing import Final, NamedTuple

_SEQUENCE: Final = 0x30
_INTEGER: Final = 0x02
_VERSION: Final = 0xA0
_UTC_TIME: Final = 0x17
_GENERALIZED_TIME: Final = 0x18


class Validity(NamedTuple):
    """When a certificate is valid.

    Attributes:
        serial: its number at the authority, in upper-case hex digits, as openssl shows it.
    """

    serial: str
    since: datetime
    until: datetime


def validity_of(der: bytes) -> Validity:
    """Return number and dates of a certificate in DER. Raises ValueError if it is not one."""
    certificate, _ = _value(der, _SEQUENCE)
    fields, _ = _value(certificate, _SEQUENCE)
    if fields[:1] == bytes([_VERSION]):
        _, fields = _value(fields, _VERSION)
    serial, fields = _value(fields, _INTEGER)
    _, fields = _value(fields, _SEQUENCE)  # how it is signed
    _, fields = _value(fields, _SEQUENCE)  # by whom
    dates, _ = _value(fields, _SEQUENCE)
    since, dates = _time(dates)
    until, _ = _time(dates)
    return Validity(f"{int.from_bytes(serial):X}", since, until)


def _value(der: bytes, tag: int) -> tuple[bytes, bytes]:
    """Return the value at the beginning, and the rest behind it."""
    if len(der) < 2 or der[0] != tag:
        raise ValueError("not a certificate")
    size, start = der[1], 2
    if size & 0x80:
        start = 2 + (size & 0x7F)
        size = int.from_bytes(der[2:start])
    if len(der) < start + size:
        raise ValueError("a certificate that is cut off")
    return der[start : start + size], der[start + size :]


def _time(der: bytes) -> tuple[datetime, bytes]:
    short = der[:1] == bytes([_UTC_TIME])
    value, rest = _value(der, _UTC_TIME if short else _GENERALIZED_TIME)
    digits = value.decode("ascii")
    if short:
        digits = ("19" if digits >= "50" else "20") + digits  # section 4.1.2.5.1
    return datetime.strptime(digits, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC), rest
