"""Who sent a request that came through proxies: Forwarded (RFC 7239) and X-Forwarded-For, believed from trusted ones.

Each proxy adds at the right end who asked it; a client may have invented everything to the left. So the walk begins at
the peer, and goes left while the address it is at is a trusted proxy. The first address that is not one is the client.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, NamedTuple

from schemas.environment import variable
from schemas.logs import logger
from schemas.web import NotOfTheWeb, networks, path_prefix

log = logger(__name__)

Address = IPv4Address | IPv6Address
HeaderLines = Mapping[str, Sequence[str]]

FORWARDED: Final = "forwarded"
X_FOR: Final = "x-forwarded-for"
_SETTING: Final = variable("gateway_proxies")
ADDRESS_MAX: Final = 64
"""Most characters of an address; a longer text is none."""
FORWARDED_MAX: Final = 2_048
"""Most characters of a line of Forwarded that is read: dozens of hops."""
_PAIR: Final = re.compile(r'[ \t]*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)=([^\s",;=]+|"(?:[^"\\]|\\.)*")[ \t]*([;,]|$)')
_BRACKETS: Final = re.compile(r"\[([^\]]*)\](?::[A-Za-z0-9._-]+)?")
_PORT: Final = re.compile(r"([0-9.]+):[A-Za-z0-9._-]+")
_HOST: Final = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


class Reached(NamedTuple):
    """How a client reached us, as a trusted proxy says it.

    Attributes:
        origin: scheme, host and port that it asked for; empty if nobody says both scheme and host.
        prefix: the path that a proxy has removed; empty if none.
    """

    origin: str = ""
    prefix: str = ""


class Proxies:
    """The proxies that are trusted.

    Args:
        trusted: their networks, as `FAIRPULSE_GATEWAY_PROXIES` has them; None for no proxy.
    """

    def __init__(self, trusted: str | None) -> None:
        self._trusted = networks(trusted) if trusted else ()
        self._told: set[str] = set()

    def client_of(self, peer: str, headers: HeaderLines) -> str:
        """Return the address of the client: the peer, or the one for whom trusted proxies asked.

        If the two headers name different clients, neither is believed: a proxy that writes one of them may let the
        other pass as the client wrote it. Then, and where a hop has no address, the client is the nearest trusted
        proxy.

        Args:
            peer: address of the other end of the connection; empty if it has none.
            headers: values by lower-case name, one per line of the request.

        Returns:
            An IP address as `ipaddress` writes it, without brackets, port or zone; IPv4 never inside IPv6.
        """
        there = [name for name in (FORWARDED, X_FOR) if name in headers]
        near = _address(peer)
        if near is None or not there:
            return _written(peer)
        if not self._trusts(near):
            if self._is_first("proxy"):
                log.warning(
                    "forwarded headers are ignored: they come from an address that is not a trusted proxy",
                    peer=str(near),
                    remedy=f"if it is your proxy, name its network in {_SETTING}",
                )
            return str(near)
        hops = {FORWARDED: _forwarded_for, X_FOR: _x_forwarded_for}
        found = {self._walk(near, hops[name](headers[name])) for name in there}
        if len(found) > 1:
            if self._is_first("two clients"):
                log.warning(
                    "Forwarded and X-Forwarded-For name different clients, so neither is believed",
                    peer=str(near),
                    remedy="let the proxy remove the header that it does not write itself",
                )
            return str(near)
        return str(found.pop())

    def trust(self, peer: str) -> bool:
        """Return whether a peer is a trusted proxy."""
        near = _address(peer) if self._trusted else None
        return near is not None and self._trusts(near)

    def reached(self, peer: str, headers: HeaderLines) -> Reached:
        """Return how a client reached us: the last word of a trusted proxy; nothing from others, or if it is odd."""
        near = _address(peer)
        if near is None or not self._trusts(near):
            return Reached()
        said = next(_elements(headers.get(FORWARDED, ())), None) or {}
        scheme = said.get("proto") or _last(headers, "x-forwarded-proto")
        host = said.get("host") or _last(headers, "x-forwarded-host")
        known = scheme.lower() in ("http", "https") and _HOST.fullmatch(host)
        try:
            prefix = path_prefix(_last(headers, "x-forwarded-prefix") or "/")
        except NotOfTheWeb:
            prefix = ""
        return Reached(f"{scheme.lower()}://{host}" if known else "", prefix)

    def _trusts(self, address: Address) -> bool:
        return any(address.version == one.version and address in one for one in self._trusted)

    def _walk(self, near: Address, hops: Iterator[Address | None]) -> Address:
        client = near
        while self._trusts(client):
            hop = next(hops, None)
            if hop is None:
                break
            client = hop
        return client

    def _is_first(self, trouble: str) -> bool:
        known = trouble in self._told
        self._told.add(trouble)
        return not known


@lru_cache(4_096)
def _address(text: str) -> Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    inside = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return inside or address


@lru_cache(4_096)
def _written(peer: str) -> str:
    return str(_address(peer) or peer)


def _node(text: str) -> Address | None:
    """Return the address in a node (RFC 7239, section 6); None for `unknown`, `_hidden` and whatever else."""
    text = text.strip()
    if len(text) > ADDRESS_MAX:
        return None
    named = _BRACKETS.fullmatch(text) or _PORT.fullmatch(text)
    return _address(named[1] if named else text)


def _x_forwarded_for(lines: Sequence[str]) -> Iterator[Address | None]:
    """Yield the hops from the nearest to the farthest."""
    for line in reversed(lines):
        rest, comma = line, ","
        while comma:  # from the right, and only as far as somebody asks
            rest, comma, one = rest.rpartition(",")
            yield _node(one)


def _forwarded_for(lines: Sequence[str]) -> Iterator[Address | None]:
    """Yield the hops from the nearest to the farthest; None for an element that names nobody, and for an odd line."""
    for element in _elements(lines):
        yield _node(element.get("for", ""))


def _elements(lines: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the elements of Forwarded from the nearest proxy's on; one without anything for a line that is odd."""
    for line in reversed(lines):
        elements: list[dict[str, str]] = [{}]
        at = 0
        while at < len(line) <= FORWARDED_MAX:
            pair = _PAIR.match(line, at)
            if pair is None or pair[1].lower() in elements[-1]:
                elements = [{}]
                break
            value = pair[2]
            elements[-1][pair[1].lower()] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value[0] == '"' else value
            at = pair.end()
            if pair[3] == ",":
                elements.append({})
        yield from reversed(elements)


def _last(headers: HeaderLines, name: str) -> str:
    lines = headers.get(name, ())
    return lines[-1].rpartition(",")[2].strip() if lines else ""
