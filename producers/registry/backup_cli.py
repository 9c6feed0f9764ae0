"""`fairpulse terminals backup` and `restore`: keep the registry, and bring it back."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from producers.registry.place import FILE, place_of
from schemas import options

if TYPE_CHECKING:
    from producers.registry.backup import Restored, SavedRegistry


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@FILE
@options.bootstrap_servers
def backup(file: Path, terminals_file: Path | None, bootstrap_servers: str | None) -> None:
    """Copy the registry into FILE, readable by its owner only.

    FILE holds terminals and hashes of their tokens. Tokens stay valid when it is restored, and no terminal has to be
    paired again.
    """
    from producers.registry.backup import backup as copy

    place = place_of(terminals_file, bootstrap_servers)
    place.refresh()
    click.echo(f"saved {_held(copy(place.path, file))} in {file}", err=True)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@FILE
@options.bootstrap_servers
def restore(*, file: Path, dry_run: bool, terminals_file: Path | None, bootstrap_servers: str | None) -> None:
    """Bring what FILE holds into the registry.

    FILE is a backup, or the registry file of a gateway. What the registry lacks is added: into the topic, for all
    gateways. Nothing is taken away, and a token that either of the two knows to be revoked stays revoked.

    Use it once when gateways begin to share a registry that was a file, and after the topic was made anew.
    """
    import asyncio

    from producers.registry.backup import restore as bring_back

    place = place_of(terminals_file, bootstrap_servers)
    done = asyncio.run(bring_back(place.kafka, place.path, file, dry=dry_run))
    for line in _told(done, dry=dry_run):
        click.echo(line, err=True)


def _told(done: "Restored", *, dry: bool) -> list[str]:
    added, both = done.added, done.merged
    tokens = sum(key.revoked_ms is None for key in added.keys)
    counts = (
        _count(len(added.terminals), "terminal"),
        _count(tokens, "token"),
        _count(len(added.keys) - tokens, "revoked token"),
        _count(len(added.badge_keys), "badge key"),
    )
    lines = [f"read {_held(done.read)}", f"{'would add or change' if dry else 'added or changed'}: {', '.join(counts)}"]
    if both.revoked:
        lines.append(f"left out: {_count(both.revoked, 'token')} that the registry knows to be revoked")
    lines += [f"left out: {name}, which is enrolled at another place by now" for name in both.elsewhere]
    lines += [f"left out: the badge key of {fair}, which has another one by now" for fair in both.other_badge_keys]
    if done.aside is not None:
        lines.append(
            f"the registry file had more than that: it is kept as {done.aside}; restore it too if you miss something"
        )
    return lines


def _held(saved: "SavedRegistry") -> str:
    upto = "" if saved.mark is None else f", as of record {saved.mark.position} of the topic"
    return f"{_count(len(saved.rows.terminals), 'terminal')} with {_count(saved.rows.live, 'token')}{upto}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
