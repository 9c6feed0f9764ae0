"""Who the client is behind proxies: RFC 7239 and X-Forwarded-For, from the proxies that are trusted and nobody else."""

import pytest

from producers.gateway.http import forwarded
from producers.gateway.http.forwarded import Proxies, Reached
from schemas.environment import Settings
from schemas.errors import InvalidSettings
from schemas.settings import GatewaySettings

PROXIES = "10.0.0.0/8,192.0.2.60,fd00::/8"
"""A load balancer at 10.0.0.1, one more proxy at 192.0.2.60, and IPv6 inside."""

CLIENTS = {
    "nobody forwards": ("203.0.113.9", {}, "203.0.113.9"),
    "a proxy that says nothing": ("10.0.0.1", {}, "10.0.0.1"),
    "a stranger forwards": ("203.0.113.9", {"x-forwarded-for": ["198.51.100.1"]}, "203.0.113.9"),
    "a stranger forwards by the RFC": ("203.0.113.9", {"forwarded": ["for=198.51.100.1"]}, "203.0.113.9"),
    "one proxy": ("10.0.0.1", {"x-forwarded-for": ["198.51.100.1"]}, "198.51.100.1"),
    "two proxies": ("10.0.0.1", {"x-forwarded-for": ["198.51.100.1, 192.0.2.60"]}, "198.51.100.1"),
    "a client that claims to be another": ("10.0.0.1", {"x-forwarded-for": ["8.8.8.8, 198.51.100.1"]}, "198.51.100.1"),
    "a client that claims to be a proxy": ("10.0.0.1", {"x-forwarded-for": ["10.9.9.9, 198.51.100.1"]}, "198.51.100.1"),
    "proxies all the way": ("10.0.0.1", {"x-forwarded-for": ["10.0.0.7, 192.0.2.60"]}, "10.0.0.7"),
    "two headers": ("10.0.0.1", {"x-forwarded-for": ["8.8.8.8", "198.51.100.1"]}, "198.51.100.1"),
    "two headers, the proxy in the last": (
        "10.0.0.1",
        {"x-forwarded-for": ["8.8.8.8, 198.51.100.1", "192.0.2.60"]},
        "198.51.100.1",
    ),
    "a port": ("10.0.0.1", {"x-forwarded-for": ["198.51.100.1:4711"]}, "198.51.100.1"),
    "IPv6": ("10.0.0.1", {"x-forwarded-for": ["2001:DB8::0:1"]}, "2001:db8::1"),
    "IPv6 in brackets": ("10.0.0.1", {"x-forwarded-for": ["[2001:db8::1]"]}, "2001:db8::1"),
    "IPv6 with a port": ("10.0.0.1", {"x-forwarded-for": ["[2001:db8::1]:4711"]}, "2001:db8::1"),
    "IPv6 with a zone": ("fe80::1%eth0", {}, "fe80::1"),
    "IPv4 inside IPv6, as a dual-stack socket sees it": (
        "::ffff:10.0.0.1",
        {"x-forwarded-for": ["::ffff:198.51.100.1"]},
        "198.51.100.1",
    ),
    "an IPv6 proxy": ("fd00::5", {"x-forwarded-for": ["198.51.100.1"]}, "198.51.100.1"),
    "garbage": ("10.0.0.1", {"x-forwarded-for": ["<script>"]}, "10.0.0.1"),
    "garbage to the left of the client": ("10.0.0.1", {"x-forwarded-for": [",, x, 198.51.100.1"]}, "198.51.100.1"),
    "garbage behind a second proxy": ("10.0.0.1", {"x-forwarded-for": ["198.51.100.1, ?, 192.0.2.60"]}, "192.0.2.60"),
    "empty": ("10.0.0.1", {"x-forwarded-for": [""]}, "10.0.0.1"),
    "an address too long": ("10.0.0.1", {"x-forwarded-for": ["198.51.100.1.5"]}, "10.0.0.1"),
    "an octal address": ("10.0.0.1", {"x-forwarded-for": ["0198.51.100.1"]}, "10.0.0.1"),
    # RFC 7239, section 4 (examples) and 6 (nodes)
    "the RFC's IPv6": ("10.0.0.1", {"forwarded": ['For="[2001:db8:cafe::17]:4711"']}, "2001:db8:cafe::17"),
    "the RFC's parameters": ("10.0.0.1", {"forwarded": ["for=192.0.2.43;proto=http;by=203.0.113.43"]}, "192.0.2.43"),
    "the RFC's list": ("10.0.0.1", {"forwarded": ["for=192.0.2.43, for=198.51.100.17"]}, "198.51.100.17"),
    "the RFC's list of proxies": ("10.0.0.1", {"forwarded": ["for=198.51.100.17, for=192.0.2.60"]}, "198.51.100.17"),
    "a hidden client": ("10.0.0.1", {"forwarded": ['for="_gazonk"']}, "10.0.0.1"),
    "an unknown client": ("10.0.0.1", {"forwarded": ["for=unknown"]}, "10.0.0.1"),
    "a hidden port": ("10.0.0.1", {"forwarded": ['for="198.51.100.1:_odd"']}, "198.51.100.1"),
    "a quoted comma": ("10.0.0.1", {"forwarded": ['for="8.8.8.8, for=1.1.1.1", for=198.51.100.1']}, "198.51.100.1"),
    "a quote that never ends": ("10.0.0.1", {"forwarded": ['for="8.8.8.8, for=198.51.100.1']}, "10.0.0.1"),
    "a quote that never ends in a line of its own": (
        "10.0.0.1",
        {"forwarded": ['for="8.8.8.8', "for=198.51.100.1"]},
        "198.51.100.1",
    ),
    "the same parameter twice": ("10.0.0.1", {"forwarded": ["for=8.8.8.8;for=198.51.100.1"]}, "10.0.0.1"),
    "nobody named": ("10.0.0.1", {"forwarded": ["proto=https"]}, "10.0.0.1"),
    "both headers alike": (
        "10.0.0.1",
        {"forwarded": ["for=198.51.100.1"], "x-forwarded-for": ["198.51.100.1"]},
        "198.51.100.1",
    ),
    "a header of the client beside the proxy's": (
        "10.0.0.1",
        {"forwarded": ["for=8.8.8.8"], "x-forwarded-for": ["198.51.100.1"]},
        "10.0.0.1",
    ),
    "a line with the client at its end that is not short": (
        "10.0.0.1",
        {"x-forwarded-for": ["x, " * 5_000 + "198.51.100.1"]},
        "198.51.100.1",
    ),
    "an endless address": ("10.0.0.1", {"x-forwarded-for": ["1" * 5_000]}, "10.0.0.1"),
    "an endless line by the RFC": ("10.0.0.1", {"forwarded": ["a=b," * 2_000 + "for=198.51.100.1"]}, "10.0.0.1"),
    "no peer, as over a socket of the file system": ("", {"x-forwarded-for": ["198.51.100.1"]}, ""),
}


def test_no_text_of_a_client_is_kept() -> None:
    """One that is not asked for by a trusted proxy is not even read."""
    known = forwarded._address.cache_info().currsize
    for number in range(100):
        line = f"198.51.{number}.77, 203.0.113.7"
        assert Proxies(PROXIES).client_of("10.0.0.1", {"x-forwarded-for": [line]}) == "203.0.113.7"
        Proxies(PROXIES).client_of("10.0.0.1", {"x-forwarded-for": [f"{number}" * 65]})
    assert forwarded._address.cache_info().currsize - known <= 2


@pytest.mark.parametrize("name", CLIENTS)
def test_the_client_is_the_first_who_is_not_trusted_from_the_right(name: str) -> None:
    peer, headers, client = CLIENTS[name]
    assert Proxies(PROXIES).client_of(peer, headers) == client


def test_without_the_setting_nobody_is_believed_and_one_line_names_it(caplog: pytest.LogCaptureFixture) -> None:
    proxies = Proxies(None)
    clients = [proxies.client_of(f"10.0.0.{one}", {"x-forwarded-for": ["198.51.100.1"]}) for one in range(3)]
    assert clients == ["10.0.0.0", "10.0.0.1", "10.0.0.2"]
    [line] = caplog.messages
    assert "FAIRPULSE_GATEWAY_PROXIES" in line


REACHED = {
    "a stranger": ("203.0.113.9", {"x-forwarded-proto": ["https"], "x-forwarded-host": ["evil.example"]}, Reached()),
    "a proxy": (
        "10.0.0.1",
        {"x-forwarded-proto": ["https"], "x-forwarded-host": ["fair.example:8443"], "x-forwarded-prefix": ["/fair/"]},
        Reached("https://fair.example:8443", "/fair"),
    ),
    "the nearest of two": (
        "10.0.0.1",
        {"x-forwarded-proto": ["gopher, https"], "x-forwarded-host": ["evil.example, fair.example"]},
        Reached("https://fair.example"),
    ),
    "by the RFC": (
        "10.0.0.1",
        {"forwarded": ['for=1.2.3.4;host=evil.example, for=198.51.100.1;Proto=https;host="fair.example:8443"']},
        Reached("https://fair.example:8443"),
    ),
    "a host alone": ("10.0.0.1", {"x-forwarded-host": ["fair.example"]}, Reached()),
    "an odd host": ("10.0.0.1", {"x-forwarded-proto": ["https"], "x-forwarded-host": ['"><x']}, Reached()),
    "an odd scheme": ("10.0.0.1", {"x-forwarded-proto": ["file"], "x-forwarded-host": ["fair.example"]}, Reached()),
    "an odd prefix": ("10.0.0.1", {"x-forwarded-prefix": ["//evil.example"]}, Reached()),
    "a prefix alone": ("10.0.0.1", {"x-forwarded-prefix": ["/fair"]}, Reached("", "/fair")),
}


@pytest.mark.parametrize("name", REACHED)
def test_scheme_host_and_prefix_are_what_the_nearest_trusted_proxy_says(name: str) -> None:
    peer, headers, reached = REACHED[name]
    assert Proxies(PROXIES).reached(peer, headers) == reached


SETTINGS = [
    ("gateway_proxies", "10.0.0.0/8, ::1", "10.0.0.0/8,::1/128", ""),
    ("gateway_proxies", "10.0.0.1/8", "", "more digits than its length covers"),
    ("gateway_proxies", "proxy.example", "", "not a network or an IP address"),
    ("gateway_proxies", "10.0.0.1,", "", "ends with a comma"),
    ("gateway_proxies", "", "", "is empty"),
    ("gateway_prefix", "/fair/", "/fair", ""),
    ("gateway_prefix", "/fair/a-b_1", "/fair/a-b_1", ""),
    ("gateway_prefix", "/", "", ""),
    ("gateway_prefix", "", "", ""),
    ("gateway_prefix", "fair", "", "does not begin with a slash"),
    ("gateway_prefix", "/a//b", "", "two slashes in a row"),
    ("gateway_prefix", "/messe münchen", "", "would be written differently"),
    ("gateway_prefix", "/a/../b", "", "dots only"),
    ("gateway_origins", "https://A.example, http://b.example:8080", "https://a.example,http://b.example:8080", ""),
    ("gateway_origins", "https://a.example:443", "https://a.example", ""),
    ("gateway_origins", "*", "*", ""),
    ("gateway_origins", "a.example", "", "without a protocol"),
    ("gateway_origins", "https://a.example/page", "", "path behind a host"),
    ("gateway_origins", "*,https://a.example", "", "* beside others"),
    ("gateway_origins", "https://a b.example", "", "not an origin"),
]


@pytest.mark.parametrize(("field", "given", "taken", "refused"), SETTINGS)
def test_what_settings_say_of_the_web_around_is_checked_at_the_start(
    monkeypatch: pytest.MonkeyPatch, field: str, given: str, taken: str, refused: str
) -> None:
    owner: type[Settings] = GatewaySettings
    monkeypatch.setenv(f"FAIRPULSE_{field.upper()}", given)
    if not refused:
        assert getattr(owner.load(), field) == taken
        return
    with pytest.raises(InvalidSettings, match=refused.replace("*", r"\*")) as caught:
        owner.load()
    assert f"FAIRPULSE_{field.upper()}" in str(caught.value)
