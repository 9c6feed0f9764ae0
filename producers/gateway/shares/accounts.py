"""Fair shares: what one party holds of a gateway, and how much it may hold.

A party is a terminal once its token was checked, and an address before that: one NAT may serve a whole venue.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import Final, Literal

from producers.gateway.shares.turns import Meter, ProcessorTurns
from schemas.logs import logger

log = logger(__name__)

SharedResource = Literal["processor", "memory", "requests", "connections"]
RESOURCES: Final[tuple[SharedResource, ...]] = ("processor", "memory", "requests", "connections")

SHOWN_S: Final = 60.0
"""How long metrics show a party after it was last over its share."""
IDLE_ACCOUNTS: Final = 10_000
"""Most accounts kept. Those that hold nothing and have not used their share are forgotten first."""
NETWORK_BITS: Final = 64
"""An IPv6 client can usually take any address of a network of this size."""
REFUSING: Final = 0.25
"""Part of an address's share of processor time that it may cost, beside that share, to refuse what is too much."""
FIRST_TURNS: Final = 3
"""Turns of a connection that count as a newcomer's: to read its first request, to answer it, and to read its body."""


class Guest:
    """One connection, as the shares see it.

    Attributes:
        account: of the party that the connection is charged to at the moment.
        since_s: when it was accepted.
        idle_since_s: when its last request was answered; None while one is under way.
        leave: closes the connection because others need its place.
        is_gone: whether it is closed, or about to be.
    """

    __slots__ = ("_awaited", "_first_turns", "_home", "account", "idle_since_s", "is_gone", "leave", "since_s")

    def __init__(self, account: "Account", since_s: float) -> None:
        self.account = account
        self.since_s = since_s
        self.idle_since_s: float | None = since_s
        self.leave: Callable[[], None] = _nothing
        self._awaited: asyncio.Future[None] | None = None
        self._first_turns = FIRST_TURNS
        self._home = account if account.is_proxy else None
        account.guests[self] = None
        self.is_gone = False

    def become(self, account: "Account") -> None:
        """Charge the connection to another party from now on."""
        if account is not self.account and not self.is_gone:
            self.account.guests.pop(self, None)
            self.account = account
            account.guests[self] = None

    def charge(self, seconds: float) -> None:
        """Charge processor time to the party of the moment."""
        self.account.turns.charge(seconds)

    def turn(self) -> asyncio.Future[None]:
        """Return a future that is done when it is the connection's turn; until its first answer, as a newcomer."""
        is_first = self._first_turns > 0
        self._first_turns -= is_first
        return self.account.turns.turn(first=is_first)

    async def wait(self, turn: asyncio.Future[None]) -> bool:
        """Wait for a turn. Return whether the connection is still there: it leaves the line when it is closed."""
        if self.is_gone:
            turn.cancel()
            return False
        self._awaited = turn
        await turn
        self._awaited = None
        return not self.is_gone

    def leave_line(self) -> None:
        """Wait no longer."""
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(None)

    @property
    def is_of_proxy(self) -> bool:
        """Whether a trusted proxy opened it."""
        return self._home is not None

    @property
    def waits(self) -> bool:
        """Whether its request waits for a turn."""
        return self._awaited is not None and not self._awaited.done()

    def begin(self) -> None:
        """Note that a request is under way."""
        self.idle_since_s = None

    def gives_way(self, now_s: float, settled_s: float) -> bool:
        """Return whether it may be closed for another one: it had `settled_s` to show a token, and has shown none.

        A request under way does not protect it, or somebody could keep a place by reading the answer slowly. That of a
        proxy does, because others will need the connection.
        """
        return now_s - self.since_s >= settled_s and (self._home is None or self.idle_since_s is not None)

    def end(self, now_s: float) -> None:
        """Note that the request is answered. A proxy's connection is the proxy's again: the next may be for anybody."""
        self.idle_since_s = now_s
        self._first_turns = 0
        if self._home is not None:
            self.become(self._home)


def _nothing() -> None:
    return None


@dataclass(slots=True, eq=False)
class Account:
    """What one party holds.

    Attributes:
        name: a terminal's id, or an address; an IPv6 address stands for its network.
        is_checked: whether the party has shown a token, so it is a terminal.
        is_proxy: whether it is a trusted proxy, which carries the requests of many parties and has no share of its own.
        requests: requests under way.
        bytes: bytes of their bodies that have arrived.
        guests: its connections, the oldest first.
        turns: its processor time.
        refusals: the processor time for what is refused without a turn of its own.
        shown_until_s: until when metrics show that it was over its share.
    """

    name: str
    is_checked: bool
    is_proxy: bool
    turns: ProcessorTurns = field(init=False)
    refusals: ProcessorTurns = field(init=False)
    requests: int = 0
    bytes: int = 0
    guests: dict[Guest, None] = field(default_factory=dict)
    shown_until_s: float = float("-inf")

    @property
    def is_idle(self) -> bool:
        """Whether nothing would be lost if this were forgotten."""
        return not (self.guests or self.requests) and self.turns.is_full and self.refusals.is_full


class Accounts:
    """The accounts of all parties.

    Args:
        share: the part of each resource that one party may hold, below 1.
        connections: most connections in all.
        refused: called each time that a party is over its share, with the resource.

    Attributes:
        share: as given.
        connections: as given.
        connections_each: most connections of one party.
        guests: all open connections.
    """

    def __init__(
        self, share: float, connections: int, refused: Callable[[SharedResource], None] = lambda _: None
    ) -> None:
        self.share = share
        self.connections = connections
        self.connections_each = max(1, int(share * connections))
        self._refused = refused
        self._meter = Meter()
        self._terminals: dict[str, Account] = {}
        self._addresses: dict[str, Account] = {}
        self._proxies: dict[str, Account] = {}
        self._told: set[tuple[str, bool, SharedResource]] = set()
        self.guests: set[Guest] = set()

    def of_terminal(self, terminal_id: str) -> Account:
        """Return the account of a terminal, by the id that the registry has."""
        return self._terminals.get(terminal_id) or self._opened(self._terminals, terminal_id)

    def of_address(self, address: str) -> Account:
        """Return the account of an address; of its network if it is IPv6; of all that have none if it is empty."""
        name = network_of(address) if ":" in address else address
        return self._addresses.get(name) or self._opened(self._addresses, name)

    def of_proxy(self, address: str) -> Account:
        """Return the account of a trusted proxy; it is never over its share."""
        return self._proxies.get(address) or self._opened(self._proxies, address)

    def let_in(self, account: Account) -> Guest:
        """Return a new connection of a party."""
        guest = Guest(account, asyncio.get_running_loop().time())
        self.guests.add(guest)
        return guest

    def let_go(self, guest: Guest) -> None:
        """Forget a connection and close it, if it is still open."""
        if guest.is_gone:
            return
        guest.is_gone = True
        self.guests.discard(guest)
        guest.account.guests.pop(guest, None)
        leave, guest.leave = guest.leave, _nothing  # it refers to the connection
        leave()
        guest.leave_line()

    def seat(self, guest: Guest, account: Account) -> bool:
        """Charge a connection to a terminal whose token was checked.

        Returns:
            Whether it may stay. If the terminal has too many connections, the one that was idle for longest is closed.
        """
        if guest.account is not account and len(account.guests) >= self.connections_each:
            self.over(account, "connections")
            idle = [one for one in account.guests if one.idle_since_s is not None]
            if not idle:
                return False
            self.let_go(min(idle, key=lambda one: one.idle_since_s or 0.0))
        guest.become(account)
        return True

    def carry(self, guest: Guest, account: Account) -> bool:
        """Charge a proxy's connection to an address, for one request.

        Returns:
            Whether it may go on. If the address has too many connections, this one stays the proxy's.
        """
        if len(account.guests) >= self.connections_each:
            self.over(account, "connections")
            return False
        guest.become(account)
        return True

    def over(self, account: Account, resource: SharedResource) -> None:
        """Count, and log once, that a party wants more than its share."""
        self._refused(resource)
        account.shown_until_s = asyncio.get_running_loop().time() + SHOWN_S
        key = account.name, account.is_checked, resource
        if key in self._told or len(self._told) >= IDLE_ACCOUNTS:
            return
        self._told.add(key)
        party = {"terminal": account.name} if account.is_checked else {"address": account.name}
        log.warning("over its share: held back, so that the others are served", **party, resource=resource)

    def oldest_of(self, account: Account, now_s: float, settled_s: float) -> Guest | None:
        """Return the connection of an address that gives way to another of the same address; None if none should."""
        return next((one for one in account.guests if one.gives_way(now_s, settled_s)), None)

    def terminals_over(self) -> list[str]:
        """Return the terminals that were over their share within `SHOWN_S`."""
        now_s = asyncio.get_running_loop().time()
        return [one.name for one in self._terminals.values() if one.shown_until_s > now_s]

    def addresses_over(self) -> int:
        """Return how many addresses were over their share within `SHOWN_S`."""
        now_s = asyncio.get_running_loop().time()
        return sum(one.shown_until_s > now_s for one in self._addresses.values())

    def giving_way(self, now_s: float, settled_s: float) -> Guest | None:
        """Return the connection that gives way to a new one when there are too many; None if none should.

        First the oldest of the address with the most connections without a checked token; those younger than
        `settled_s` may be about to show theirs, and stay. Else the longest idle one of the terminal with the most.
        """
        settled = (
            (len(one.guests), -guest.since_s, guest)
            for one in self._addresses.values()
            for guest in one.guests
            if guest.gives_way(now_s, settled_s)
        )
        if (found := max(settled, key=lambda one: one[:2], default=None)) is not None:
            return found[2]
        idle = (
            (len(one.guests), -guest.idle_since_s, guest)
            for one in self._terminals.values()
            for guest in one.guests
            if guest.idle_since_s is not None
        )
        found = max(idle, key=lambda one: one[:2], default=None)
        return None if found is None else found[2]

    def _opened(self, accounts: dict[str, Account], name: str) -> Account:
        if len(accounts) >= IDLE_ACCOUNTS:
            for idle in [one for one, known in accounts.items() if known.is_idle]:
                del accounts[idle]
        is_proxy = accounts is self._proxies
        account = accounts[name] = Account(name, accounts is self._terminals, is_proxy)
        share = 1.0 if is_proxy else self.share
        account.turns = ProcessorTurns(share, self._meter, lambda: self.over(account, "processor"))
        account.refusals = ProcessorTurns(share * REFUSING, self._meter, lambda: None)
        return account


def network_of(address: str) -> str:
    """Return what stands for an IPv6 address: its network, or the IPv4 address inside. Any other text stays."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    network = IPv6Address(int(parsed) >> NETWORK_BITS << NETWORK_BITS)
    return f"{network}/{NETWORK_BITS}"
