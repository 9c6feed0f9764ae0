"""A party that opens more connections in a second than a whole venue would is kept out for a second."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from producers.gateway.shares.accounts import Account
from producers.gateway.shares.dropping import drop_from

MOST: Final = 4_096
"""Connections of one party in `WITHIN_S`: those of a hall full of terminals that all come back at once, twice over."""
WITHIN_S: Final = 1.0
DROPPED_S: Final = 1.0
"""How long its attempts are dropped. Its connections stay."""


class Flood:
    """Counts connections by party, and has the system drop the attempts of a party that floods.

    Args:
        listeners: the listening sockets.
        told: called with a party each time that its attempts are dropped.
    """

    def __init__(self, listeners: Sequence[socket.socket], told: Callable[[Account], None]) -> None:
        self._listeners, self._told = listeners, told
        self._loop = asyncio.get_running_loop()
        self._counts: Counter[Account] = Counter()
        self._since_s = float("-inf")
        self._dropped: dict[IPv4Network | IPv6Network, asyncio.TimerHandle] = {}

    def close(self) -> None:
        """Forget everybody."""
        for timer in self._dropped.values():
            timer.cancel()
        self._dropped.clear()

    def count(self, account: Account) -> None:
        """Count a connection of a party. A trusted proxy carries those of many parties, so it cannot flood."""
        now_s = self._loop.time()
        if now_s - self._since_s > WITHIN_S:
            self._counts.clear()
            self._since_s = now_s
        self._counts[account] += 1
        if self._counts[account] == MOST and not account.is_proxy:
            self._drop(account)

    def _drop(self, account: Account) -> None:
        try:
            network = ip_network(account.name)
        except ValueError:  # a peer without an address
            return
        self._told(account)
        if network not in self._dropped:
            self._dropped[network] = self._loop.call_later(DROPPED_S, self._let_in_again, network)
            self._tell_system()

    def _let_in_again(self, network: IPv4Network | IPv6Network) -> None:
        del self._dropped[network]
        self._tell_system()

    def _tell_system(self) -> None:
        for one in self._listeners:
            if one.fileno() >= 0:
                drop_from(one, self._dropped)
