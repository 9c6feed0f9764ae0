"""Times, identifiers and random streams, written fast and the same on every machine."""

from hashlib import blake2b
from random import Random
from typing import Final

from schemas.times import from_epoch_ms

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000

_MINUTES: dict[int, str] = {}
_SECONDS: Final = tuple(f"{second:02d}." for second in range(60))
_THOUSANDTHS: Final = tuple(f"{part:03d}Z" for part in range(1_000))


def instant(ms: int) -> str:
    """Return `ms` since 1970 as RFC 3339 in UTC with milliseconds, like `schemas.times.instant_text`."""
    minute, rest = divmod(ms, MINUTE_MS)
    text = _MINUTES.get(minute)
    if text is None:
        if len(_MINUTES) > 100_000:
            _MINUTES.clear()
        text = _MINUTES[minute] = from_epoch_ms(minute * MINUTE_MS).strftime("%Y-%m-%dT%H:%M:")
    return text + _SECONDS[rest // 1_000] + _THOUSANDTHS[rest % 1_000]


def event_id(ms: int, chance: Random) -> str:
    """Return a UUID of version 7 for a terminal clock of `ms`."""
    clock = f"{ms:012x}"
    rest = f"{chance.getrandbits(72):018x}"
    return f"{clock[:8]}-{clock[8:]}-7{rest[:3]}-9{rest[3:6]}-{rest[6:]}"


def badge_ref(key: bytes, person: int) -> str:
    """Return the pseudonym of a person's badge: 32 hex characters, one-way, stable under one key."""
    return blake2b(b"%d" % person, key=key, digest_size=16).hexdigest()


def chance_of(seed: int, *about: str | int) -> Random:
    """Return a random stream of its own for one subject, so that no part of the fair disturbs another."""
    text = "/".join(str(part) for part in (seed, *about))
    return Random(int.from_bytes(blake2b(text.encode(), digest_size=16).digest(), "big"))
