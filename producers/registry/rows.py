"""All rows of a registry in memory: how a change is applied to them, and how two registries become one."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from schemas.ids import FairId, TerminalId
from schemas.registry_changes import BadgeKeyRow, ChangedRows, KeyRow, TerminalRow

AT_ONCE: Final = 1_000
"""Terminals in one record of a large change: about 250 KB."""


@dataclass(slots=True)
class Rows:
    """The rows of a registry, each kind by its key, in the order in which they were made.

    Attributes:
        forgotten: badge keys that were there and are not any more, as far as known: fair and fingerprint.
    """

    terminals: dict[TerminalId, TerminalRow] = field(default_factory=dict)
    keys: dict[str, KeyRow] = field(default_factory=dict)
    badge_keys: dict[FairId, BadgeKeyRow] = field(default_factory=dict)
    forgotten: set[tuple[FairId, str]] = field(default_factory=set)

    def copy(self) -> "Rows":
        """Return the same rows, to be changed."""
        return Rows(dict(self.terminals), dict(self.keys), dict(self.badge_keys), set(self.forgotten))

    def take(self, changed: ChangedRows) -> "Rows":
        """Make the change, and return these rows."""
        for fair_id in changed.forgotten:
            known = self.badge_keys.pop(fair_id, None)
            if known is not None:
                self.forgotten.add((fair_id, known.fingerprint))
        self.terminals.update((row.terminal_id, row) for row in changed.terminals)
        self.keys.update((row.kid, row) for row in changed.keys)
        self.badge_keys.update((row.fair_id, row) for row in changed.badge_keys)
        return self

    def since(self, before: "Rows") -> ChangedRows:
        """Return the change that turns the rows before into these. Terminals and tokens never disappear."""
        return ChangedRows(
            tuple(row for name, row in self.terminals.items() if before.terminals.get(name) != row),
            tuple(row for name, row in self.keys.items() if before.keys.get(name) != row),
            tuple(row for name, row in self.badge_keys.items() if before.badge_keys.get(name) != row),
            tuple(name for name in before.badge_keys if name not in self.badge_keys),
        )

    def revocations_of(self, others: "Rows") -> "Rows":
        """Return the terminals and tokens of another registry that are revoked in this one."""
        return Rows(
            {
                name: row
                for name, row in self.terminals.items()
                if name in others.terminals and row.revoked_ms is not None
            },
            {kid: row for kid, row in self.keys.items() if kid in others.keys and row.revoked_ms is not None},
        )

    @property
    def live(self) -> int:
        """The number of tokens that are not revoked."""
        return sum(row.revoked_ms is None for row in self.keys.values())


@dataclass(frozen=True, slots=True)
class Merged:
    """Two registries as one.

    Attributes:
        rows: of both.
        elsewhere: terminals that the second has at another place. They and their tokens are left out.
        revoked: tokens that live in the second only, and are not taken as alive.
        other_badge_keys: fairs for which the second has another badge key, or one that the first forgot.
    """

    rows: Rows
    elsewhere: tuple[TerminalId, ...]
    revoked: int
    other_badge_keys: tuple[FairId, ...]


def merged(first: Rows, second: Rows) -> Merged:
    """Add to one registry what it lacks of another. A revocation that either knows stands.

    Where the two differ in anything else, the first is right: it is the topic, and the second a copy of old.
    """
    rows = first.copy()
    elsewhere = {name for name, row in second.terminals.items() if _moved(first.terminals.get(name), row)}
    for name, row in second.terminals.items():
        rows.terminals.setdefault(name, row)
    revoked = 0
    for kid, key in second.keys.items():
        terminal, known = first.terminals.get(key.terminal_id), first.keys.get(kid)
        if key.terminal_id in elsewhere or key.terminal_id not in rows.terminals:
            continue
        if known is None:
            known = key if terminal is None or terminal.revoked_ms is None else _revoked(key, terminal.revoked_ms)
        elif (known.terminal_id, known.digest) != (key.terminal_id, key.digest):
            continue
        rows.keys[kid] = known if key.revoked_ms is None else _revoked(known, key.revoked_ms)
        revoked += key.revoked_ms is None and known.revoked_ms is not None
    with_tokens = {key.terminal_id for key in rows.keys.values() if key.revoked_ms is None}
    for name, row in second.terminals.items():
        if row.revoked_ms is not None and name not in with_tokens and name not in elsewhere:
            known_row = rows.terminals[name]
            rows.terminals[name] = replace(known_row, revoked_ms=known_row.revoked_ms or row.revoked_ms)
    others = []
    for fair_id, badge_key in second.badge_keys.items():
        kept = first.badge_keys.get(fair_id)
        if kept is None and (fair_id, badge_key.fingerprint) not in first.forgotten:
            rows.badge_keys[fair_id] = badge_key
        elif kept is None or kept.fingerprint != badge_key.fingerprint:
            others.append(fair_id)
    return Merged(rows, tuple(sorted(elsewhere)), revoked, tuple(others))


def knows_all_of(first: Rows, second: Rows) -> bool:
    """Return whether one registry has every terminal, token and revocation of another, and its badge keys."""
    both = merged(first, second)
    clashes = any(key.digest != first.keys[kid].digest for kid, key in second.keys.items() if kid in first.keys)
    return not (both.elsewhere or clashes or both.rows.since(first))


def in_parts(changed: ChangedRows) -> Iterable[ChangedRows]:
    """Yield a large change as several, each with whole terminals: a terminal comes with all its tokens."""
    names = list(
        dict.fromkeys([*(row.terminal_id for row in changed.terminals), *(row.terminal_id for row in changed.keys)])
    )
    groups = [set(names[at : at + AT_ONCE]) for at in range(0, len(names), AT_ONCE)] or [set[TerminalId]()]
    for at, group in enumerate(groups):
        yield ChangedRows(
            tuple(row for row in changed.terminals if row.terminal_id in group),
            tuple(row for row in changed.keys if row.terminal_id in group),
            () if at else changed.badge_keys,
            () if at else changed.forgotten,
        )


def _moved(known: TerminalRow | None, row: TerminalRow) -> bool:
    if known is None:
        return False
    return (known.fair_id, known.place, known.place_id) != (row.fair_id, row.place, row.place_id)


def _revoked(key: KeyRow, at_ms: int) -> KeyRow:
    return key if key.revoked_ms is not None else replace(key, revoked_ms=at_ms)
