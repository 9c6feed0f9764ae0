"""Who is a party, and which connection gives way to a new one."""

import asyncio

import pytest

from producers.gateway.shares.accounts import FIRST_TURNS, Accounts, Guest, network_of


@pytest.mark.parametrize(
    ("address", "party"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("a socket: of a file", "a socket: of a file"),
    ],
)
def test_an_address_stands_for_itself_and_of_ipv6_for_its_network(address: str, party: str) -> None:
    assert network_of(address) == party


async def test_a_terminal_and_an_address_of_the_same_name_are_two_parties() -> None:
    accounts = Accounts(0.2, 10)
    assert accounts.of_terminal("t") is not accounts.of_address("t")
    assert accounts.of_terminal("t") is accounts.of_terminal("t")
    assert accounts.of_address("2001:db8::1") is accounts.of_address("2001:db8::2")


def guests(accounts: Accounts, kind: str, name: str, *since_s: float, busy: bool = False) -> list[Guest]:
    account = accounts.of_terminal(name) if kind == "terminal" else accounts.of_address(name)
    made = [accounts.let_in(account) for _ in since_s]
    for one, at_s in zip(made, since_s, strict=True):
        one.since_s = at_s
        one.idle_since_s = None if busy else at_s
    return made


async def test_the_oldest_of_the_address_with_most_unchecked_connections_gives_way_first() -> None:
    accounts = Accounts(0.2, 10)
    guests(accounts, "terminal", "t-1", 1, 2, 3, 4)
    guests(accounts, "address", "192.0.2.1", 1)
    many = guests(accounts, "address", "192.0.2.2", 5, 4, 6)
    order = []
    while (one := accounts.giving_way(now_s=100, settled_s=2)) is not None and one in many:
        order.append(one)
        accounts.let_go(one)
    assert order[:2] == [many[1], many[0]]


async def test_a_fresh_connection_may_be_about_to_show_its_token_and_stays() -> None:
    accounts = Accounts(0.2, 10)
    guests(accounts, "address", "192.0.2.2", 99, 99, 99)
    [old] = guests(accounts, "address", "192.0.2.1", 1)
    assert accounts.giving_way(now_s=100, settled_s=2) is old
    accounts.let_go(old)
    assert accounts.giving_way(now_s=100, settled_s=2) is None


async def test_a_request_without_a_token_protects_no_connection_but_a_proxys() -> None:
    """Otherwise a client that reads answers slowly keeps all others of the address out."""
    accounts = Accounts(0.2, 10)
    address, proxy = accounts.of_address("192.0.2.1"), accounts.of_proxy("::1")
    slow = guests(accounts, "address", "192.0.2.1", 1, busy=True)[0]
    carried = accounts.let_in(proxy)
    carried.since_s = 0
    carried.begin()
    carried.become(address)
    assert accounts.giving_way(now_s=100, settled_s=2) is slow
    assert accounts.oldest_of(address, now_s=100, settled_s=2) is slow
    accounts.let_go(slow)
    assert accounts.giving_way(now_s=100, settled_s=2) is None
    assert accounts.oldest_of(address, now_s=100, settled_s=2) is None


async def test_then_the_longest_idle_one_of_the_terminal_with_most_and_never_one_with_a_request() -> None:
    accounts = Accounts(0.2, 10)
    guests(accounts, "terminal", "t-1", 1)
    guests(accounts, "terminal", "t-2", 1, 2, 3, 4, busy=True)
    _, longest = guests(accounts, "terminal", "t-3", 9, 8)
    assert accounts.giving_way(now_s=100, settled_s=2) is longest
    for account in (accounts.of_terminal("t-1"), accounts.of_terminal("t-3")):
        for one in list(account.guests):
            accounts.let_go(one)
    assert accounts.giving_way(now_s=100, settled_s=2) is None


async def test_a_connection_is_its_terminals_once_its_token_was_checked_and_a_proxys_only_for_a_request() -> None:
    accounts = Accounts(0.2, 10)
    address, proxy, terminal = accounts.of_address("192.0.2.1"), accounts.of_proxy("::1"), accounts.of_terminal("t-1")
    direct, carried = accounts.let_in(address), accounts.let_in(proxy)
    for one in (direct, carried):
        one.begin()
        assert accounts.seat(one, terminal)
    assert (len(address.guests), len(proxy.guests), len(terminal.guests)) == (0, 0, 2)
    for one in (direct, carried):
        one.end(1)
    assert (list(proxy.guests), list(terminal.guests)) == ([carried], [direct])


async def test_a_terminal_with_too_many_connections_closes_its_longest_idle_one() -> None:
    accounts = Accounts(0.2, 10)
    left: list[str] = []
    older, newer, third, fourth = (accounts.let_in(accounts.of_address("192.0.2.1")) for _ in range(4))
    terminal = accounts.of_terminal("t-1")
    for at_s, one in enumerate((older, newer)):
        one.leave = lambda at_s=at_s: left.append(str(at_s))  # type: ignore[misc]
        assert accounts.seat(one, terminal)
        one.end(at_s)
    assert accounts.seat(third, terminal), "a fifth of 10 is 2"
    assert (left, older.is_gone, len(terminal.guests)) == (["0"], True, 2)
    for one in (newer, third):
        one.begin()
    assert not accounts.seat(fourth, terminal), "all are at work"


async def test_an_address_has_so_many_connections_of_a_proxy_at_once_and_others_have_theirs() -> None:
    counted: list[str] = []
    accounts = Accounts(0.2, 10, counted.append)
    proxy, crowd, other = accounts.of_proxy("::1"), accounts.of_address("192.0.2.1"), accounts.of_address("192.0.2.2")
    first, second, third, fourth = (accounts.let_in(proxy) for _ in range(4))
    assert [accounts.carry(one, crowd) for one in (first, second, third)] == [True, True, False], "a fifth of 10 is 2"
    assert accounts.carry(fourth, other)
    assert (counted, third.account) == (["connections"], proxy)
    first.end(1)
    assert accounts.carry(third, crowd)


async def test_a_connection_that_is_closed_leaves_its_line() -> None:
    accounts = Accounts(1e-9, 10)
    address = accounts.of_address("192.0.2.1")
    address.turns.charge(1)
    pair = [accounts.let_in(address) for _ in range(2)]
    lines = [asyncio.create_task(one.wait(one.turn())) for one in pair]
    await asyncio.sleep(0)
    accounts.let_go(pair[0])
    async with asyncio.timeout(10):
        assert not await lines[0]
    assert not lines[1].done()
    lines[1].cancel()
    assert not await pair[0].wait(pair[0].turn()), "it came too late"


@pytest.mark.parametrize("answered", [False, True])
async def test_the_turns_of_a_connections_first_request_are_a_newcomers(answered: bool) -> None:
    accounts = Accounts(1 - 1e-9, 10)
    address, order = accounts.of_address("192.0.2.1"), []
    address.turns.charge(1e-9)
    guest = accounts.let_in(address)
    if answered:
        guest.end(1)
    others = [address.turns.turn() for _ in range(FIRST_TURNS + 2)]
    own = [guest.turn() for _ in range(FIRST_TURNS + 1)]
    for kind, line in (("o", others), ("g", own)):
        for one in line:
            one.add_done_callback(lambda _, kind=kind: order.append(kind))
    await asyncio.gather(*others, *own)
    assert "".join(order) == ("o" * len(others) + "g" * len(own) if answered else "go" * FIRST_TURNS + "oog")


async def test_a_party_over_its_share_is_shown_for_a_while_and_counted_each_time() -> None:
    counted: list[str] = []
    accounts = Accounts(0.2, 10, counted.append)
    for _ in range(2):
        accounts.over(accounts.of_terminal("t-1"), "memory")
        accounts.over(accounts.of_address("192.0.2.1"), "requests")
    assert (accounts.terminals_over(), accounts.addresses_over()) == (["t-1"], 1)
    assert counted == ["memory", "requests"] * 2
    accounts.of_terminal("t-1").shown_until_s = asyncio.get_running_loop().time()
    assert accounts.terminals_over() == []


async def test_accounts_that_hold_nothing_are_forgotten_and_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("producers.gateway.shares.accounts.IDLE_ACCOUNTS", 3)
    accounts = Accounts(0.2, 10)
    connected, owing = accounts.of_address("192.0.2.1"), accounts.of_address("192.0.2.2")
    accounts.let_in(connected)
    owing.turns.charge(1)
    quiet = accounts.of_address("192.0.2.3")
    accounts.of_address("192.0.2.4")
    assert accounts.of_address("192.0.2.1") is connected
    assert accounts.of_address("192.0.2.2") is owing
    assert accounts.of_address("192.0.2.3") is not quiet
