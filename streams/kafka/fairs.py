"""Which groups and journals in Kafka are those of a fair's workers, by their names."""

import re
from collections.abc import Iterable

from schemas.topics import JOURNAL_SUFFIX, group_prefix, is_journal


def is_group_of(name: str, fair_id: str) -> bool:
    """Return whether a consumer group is one of a fair's workers, of any fingerprint and generation.

    Unlike an access rule, this tells a fair `ciftis` from a fair `ciftis-2`.
    """
    return re.fullmatch(rf"{re.escape(group_prefix(fair_id))}[0-9a-f]{{8}}(-g[0-9]+)?", name) is not None


def is_journal_of(name: str, fair_id: str) -> bool:
    """Return whether a topic is a journal of a fair's workers, of any fingerprint and generation."""
    return name.endswith(JOURNAL_SUFFIX) and is_group_of(name.removesuffix(JOURNAL_SUFFIX), fair_id)


def journals_in_use(names: Iterable[str], fair_id: str | None = None) -> list[str]:
    """Return the journals among some topics that workers may still read, sorted.

    Those of a generation are left out if there is a later one of the same fair and fingerprint: a fresh fold is the
    cure for a journal that is not right, and that journal stays.

    Args:
        names: of topics.
        fair_id: whose journals; None for those of all fairs.
    """
    newest: dict[str, tuple[int, str]] = {}
    for name in names:
        if is_journal(name) if fair_id is None else is_journal_of(name, fair_id):
            group = name.removesuffix(JOURNAL_SUFFIX)
            later = re.fullmatch(r"(.*-[0-9a-f]{8})-g([0-9]+)", group)
            state, generation = (later[1], int(later[2])) if later else (group, 1)
            newest[state] = max(newest.get(state, (0, "")), (generation, name))
    return sorted(name for _, name in newest.values())
