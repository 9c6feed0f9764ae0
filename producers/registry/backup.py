"""Backups of a registry, and bringing one back into the topic: what the topic lacks is published, nothing is undone."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from producers.registry.badge_keys import BADGE_KEYS
from producers.registry.cache import adopt, read_rows, replace_rows, rows_of
from producers.registry.chain import replayed
from producers.registry.file import RegistryFile
from producers.registry.mark import TopicMark, changing_alone
from producers.registry.rows import Merged, Rows, in_parts, knows_all_of, merged
from producers.registry.sharing import TRIES, publish
from producers.registry.store import TABLES
from producers.registry.topic import TerminalsTopic, opened
from schemas.errors import FairpulseError, Unavailable
from schemas.kinds import quoted
from schemas.outputs import reason
from schemas.registry_changes import ChangedRows
from schemas.settings import KafkaSettings


@dataclass(frozen=True, slots=True)
class SavedRegistry:
    """The rows of a registry file, and the record of the topic that it has followed to; None if it follows no topic."""

    rows: Rows
    mark: TopicMark | None


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did.

    Attributes:
        read: what the backup holds.
        added: the rows that the registry lacked.
        merged: the registry and the backup as one, and what of the backup was left out.
        aside: where the registry file as it was before is kept, if it had something that the registry has not.
    """

    read: SavedRegistry
    added: ChangedRows
    merged: Merged
    aside: Path | None


def read_backup(path: Path) -> SavedRegistry:
    """Return what a backup or a registry file holds. Raises FairpulseError if it is neither."""
    hint = "name a file that `fairpulse terminals backup` made, or the registry file of a gateway"
    if not path.is_file():
        raise FairpulseError(f"there is no file {quoted(path)}", hint=hint)
    try:
        return SavedRegistry(*read_rows(path))
    except FairpulseError as error:
        raise FairpulseError(f"{quoted(path)} is not a registry of terminals, or not a whole one", hint=hint) from error


def backup(path: Path, to: Path) -> SavedRegistry:
    """Copy a registry file, as it is at one moment, to a file that only its owner may read; return what it holds.

    Raises:
        Unavailable: the registry cannot be read, or the other file cannot be written.
    """
    part = to.with_name(f"{to.name}.part")
    with closing(RegistryFile(path)) as file:
        try:
            if to.exists() and to.samefile(path):
                raise Unavailable(f"{quoted(to)} is the registry file itself", hint="name another file")
            part.unlink(missing_ok=True)
            part.touch(mode=0o600)
            file.copy_to(part)
            part.replace(to)
        except (OSError, sqlite3.Error) as error:
            part.unlink(missing_ok=True)
            raise Unavailable(
                f"the backup {quoted(to)} cannot be written ({reason(error)})",
                hint="let this user write the folder, and see that the disk has room",
            ) from error
    return read_backup(to)


async def restore(kafka: KafkaSettings | None, path: Path, source: Path, *, dry: bool = False) -> Restored:
    """Publish what the registry lacks of a backup, and let the registry file follow the topic again.

    Args:
        kafka: where the registry is shared; None if the file alone is the registry.
        path: the registry file; it may be the backup itself.
        source: the backup.
        dry: only say what would be done.

    Raises:
        FairpulseError: the file is not a backup.
        Unavailable: Kafka or the registry file cannot be used. What was published until then stays.
    """
    read = await asyncio.to_thread(read_backup, source)
    if kafka is None:
        return await asyncio.to_thread(_alone, path, read, dry=dry)
    known, revoked = await asyncio.to_thread(_as_known, path, read.rows)
    async with opened(kafka) as topic:
        both, added, mark = await _published(topic, known, dry=dry)
    both = replace(both, revoked=both.revoked + revoked)
    aside = None
    if not dry:
        aside = await asyncio.to_thread(_keep_aside, path, source, both.rows)
        await asyncio.to_thread(adopt, path, both.rows, mark, anyway=True)
    return Restored(read, added, both, aside)


async def _published(topic: TerminalsTopic, rows: Rows, *, dry: bool) -> tuple[Merged, ChangedRows, TopicMark]:
    first: tuple[Merged, ChangedRows] | None = None
    lost = 0
    while lost < TRIES:
        extent = await topic.whole()
        there, mark = replayed(await topic.read(0, extent.end))
        both = merged(there, rows)
        lacking = both.rows.since(there)
        first = first or (both, lacking)
        if dry or not lacking:
            return Merged(both.rows, first[0].elsewhere, first[0].revoked, first[0].other_badge_keys), first[1], mark
        lost += not await publish(topic, mark, "restore", next(iter(in_parts(lacking))))
    raise Unavailable("others keep changing the registry", hint="run the command again; what was published stays")


def _as_known(path: Path, rows: Rows) -> tuple[Rows, int]:
    """Return rows of a backup with the revocations that the registry file knows, and how many tokens that ends.

    The topic may be empty, so it cannot know them, and the backup may be older.
    """
    if not path.exists():
        return rows, 0
    try:
        own = read_backup(path).rows
    except FairpulseError:  # a damaged file: restoring is the way out
        return rows, 0
    both = merged(rows, own.revocations_of(rows)).rows
    return both, rows.live - both.live


def _keep_aside(path: Path, source: Path, rows: Rows) -> Path | None:
    """Copy the registry file if it is about to lose something; return where. No earlier copy is overwritten."""
    if not path.exists() or path.samefile(source):
        return None
    if knows_all_of(rows, read_backup(path).rows):
        return None
    names = (f"{path.name}.before-restore{'' if number == 1 else f'-{number}'}" for number in count(1))
    aside = next(there for name in names if not (there := path.with_name(name)).exists())
    backup(path, aside)
    return aside


def _alone(path: Path, read: SavedRegistry, *, dry: bool) -> Restored:
    with (
        closing(RegistryFile(path, create=True, schema=TABLES)) as file,
        file.rehearsing() if dry else changing_alone(file),
    ):
        before = rows_of(file)
        both = merged(before, read.rows)
        file.write(BADGE_KEYS)
        replace_rows(file, both.rows)
        return Restored(read, both.rows.since(before), both, None)
