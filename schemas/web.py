"""Where services are, as settings say it: brokers, networks of proxies, a path in front of others, origins of pages."""

import re
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

AddressRange = IPv4Network | IPv6Network

ANY_ORIGIN: Final = "*"
"""Pages of every origin."""

_HOST: Final = r"(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])"
_ORIGIN: Final = re.compile(rf"[a-z][a-z0-9+.-]*://{_HOST}(?::[0-9]{{1,5}})?")
_DEFAULT_PORT: Final = {"http": ":80", "https": ":443"}


class NotOfTheWeb(ValueError):
    """A text is none of these; the message goes on after the value: "ends with a comma"."""


def authority(host: str, port: int) -> str:
    """Return host and port as they stand in a web address: an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def brokers(text: str) -> str:
    """Return a list of brokers without the blanks that may stand around its commas.

    Raises:
        NotOfTheWeb: why it is not such a list.
    """
    entries = [one.strip() for one in text.split(",")]
    if not any(entries):
        raise NotOfTheWeb("names no broker")
    if not entries[0]:
        raise NotOfTheWeb("begins with a comma")
    if not entries[-1]:
        raise NotOfTheWeb("ends with a comma")
    for number, entry in enumerate(entries, 1):
        if problem := _broker(entry):
            raise NotOfTheWeb(problem + (f" in entry {number}" if entry and len(entries) > 1 else ""))
    return ",".join(entries)


def _broker(entry: str) -> str:
    """Return what is wrong with one broker of a list; empty if nothing is."""
    if not entry:
        return "has two commas in a row"
    if "://" in entry:
        return "has a protocol before the host"
    if "@" in entry:
        return "has a user name or password"
    if any(one.isspace() for one in entry):
        return "has a blank inside"
    if ";" in entry:
        return "has a semicolon instead of a comma"
    host, colon, port = entry.rpartition(":")
    if not colon or not port or entry.endswith("]"):
        return "has no port"
    if not host:
        return "has no host"
    if not (port.isascii() and port.isdecimal()):
        return "has a port that is not a number"
    if len(port) > 5 or not 1 <= int(port) <= 65_535:
        return "has a port that is not between 1 and 65535"
    if host.startswith("[") and host.endswith("]"):
        return "" if _is_ipv6(host[1:-1]) else "has no IPv6 address in its brackets"
    if ":" in host:
        return "has more than one colon" + ("; an IPv6 address needs brackets" if _is_ipv6(host) else "")
    if not re.fullmatch(r"[A-Za-z0-9._-]+", host):
        return "has a character that no host has"
    return ""


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def networks(text: str) -> tuple[AddressRange, ...]:
    """Return the networks in a list such as 10.0.0.0/8,fd00::/8,::1; an address alone is a network of one.

    Raises:
        NotOfTheWeb: why it is not such a list.
    """
    return tuple(_network(one) for one in _listed(text))


def path_prefix(text: str) -> str:
    """Return the path in front of all paths, without a slash at its end; empty for none, which is `/` too.

    Raises:
        NotOfTheWeb: why it is not such a path.
    """
    if not text.startswith("/") and text:
        raise NotOfTheWeb("does not begin with a slash")
    prefix = text.rstrip("/")
    if "//" in text:
        raise NotOfTheWeb("has two slashes in a row")
    if not re.fullmatch(r"[A-Za-z0-9/._~-]*", prefix):
        raise NotOfTheWeb("has a character that would be written differently in an address")
    if any(part in (".", "..") for part in prefix.split("/")):
        raise NotOfTheWeb("has a step with dots only")
    return prefix


def origins(text: str) -> tuple[str, ...]:
    """Return the origins in a list such as https://a.example,https://b.example:8443, as browsers spell them, or `*`.

    Raises:
        NotOfTheWeb: why it is not such a list.
    """
    if text.strip() == ANY_ORIGIN:
        return (ANY_ORIGIN,)
    return tuple(_origin(one) for one in _listed(text))


def _listed(text: str) -> list[str]:
    entries = [one.strip() for one in text.split(",")]
    if not entries[0]:
        raise NotOfTheWeb("begins with a comma")
    if not entries[-1]:
        raise NotOfTheWeb("ends with a comma")
    if not all(entries):
        raise NotOfTheWeb("has two commas in a row")
    return entries


def _network(text: str) -> AddressRange:
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        ip_network(text, strict=False)
    except ValueError:
        raise NotOfTheWeb("has an entry that is not a network or an IP address") from None
    raise NotOfTheWeb("has a network with more digits than its length covers")


def _origin(text: str) -> str:
    origin = text.lower()
    if origin == ANY_ORIGIN:
        raise NotOfTheWeb("has * beside others")
    if "://" not in origin:
        raise NotOfTheWeb("has an entry without a protocol")
    scheme, _, host = origin.partition("://")
    if "/" in host:
        raise NotOfTheWeb("has a path behind a host; an origin ends with host or port")
    if not _ORIGIN.fullmatch(origin):
        raise NotOfTheWeb("has an entry that is not an origin")
    return origin.removesuffix(_DEFAULT_PORT.get(scheme, " "))
