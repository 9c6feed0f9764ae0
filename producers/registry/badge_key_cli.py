"""`fairpulse terminals badge-key`: show the fingerprint that the registry keeps for a fair, and forget it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from producers.registry.place import FILE, place_of
from schemas import options

if TYPE_CHECKING:
    from producers.registry.badge_keys import BadgeKey


@click.command(name="badge-key")
@click.option("--forget", is_flag=True, help="Forget it, so that the next terminal that pairs chooses the key anew.")
@options.fair
@FILE
@options.bootstrap_servers
def badge_key(
    *, forget: bool, fair_file: Path | None, terminals_file: Path | None, bootstrap_servers: str | None
) -> None:
    """Show the fingerprint of the fair's badge key.

    The registry keeps the one of the first terminal that paired. Terminals with another key are refused: one visitor
    would count as several. The key itself is never here.

    Use --forget if that first terminal had a wrong key. Give it the right key before it pairs again.
    """
    from producers.registry.badge_keys import forget_in, read_badge_keys
    from schemas.fair.chosen import chosen_fair

    place = place_of(terminals_file, bootstrap_servers)
    fair_id = chosen_fair(fair_file).fair_id
    if forget:
        known = place.change("badge-key", lambda registry: forget_in(registry.file, fair_id))
    else:
        place.refresh()
        known = read_badge_keys(place.path).get(fair_id)
    if known is None:
        click.echo(f"no terminal of {fair_id} has told its badge key", err=True)
    elif forget:
        click.echo(f"forgotten: {_told(known)}", err=True)
        click.echo(
            f"the next terminal that pairs chooses the badge key of {fair_id}. Terminals that paired with the "
            "forgotten key go on with it: give them the right key, and pair them again",
            err=True,
        )
    else:
        click.echo(_told(known))


def _told(key: "BadgeKey") -> str:
    return f"{key.fingerprint}  told by {key.told_by} on {key.told_at:%Y-%m-%d %H:%M} UTC"
