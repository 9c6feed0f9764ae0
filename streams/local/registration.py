"""The register of badges of a demo: the example's fair file with a register, its key, and badges for who watches.

The simulator registers its own people. The badges here are for the booth's page, where a person types their codes.
"""

from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from schemas.environment import PREFIX
from schemas.errors import Unavailable
from schemas.fair.file import example_fair_path
from schemas.fair.model import Fair
from schemas.program import PROGRAM
from streams.local.children import Children
from streams.local.images import with_environment
from streams.local.parts import Part, page_at

KEY: Final = {f"{PREFIX}BADGE_KEY": "badge key of a simulated fair, for play"}
"""Setting of the programs that turn codes into persons; nothing depends on keeping it secret."""

WAITING: Final = "fair_unresolved_events"
"""The gateway's number of events whose badge the register lacks."""

_BADGES: Final = """\
person,role,class,country,codes
play-1,visitor,professional,DE,ADA
play-2,visitor,public,,GRACE
play-3,organiser,,,MAX
"""


def example_with_register(home: Path) -> Path:
    """Write the fair file of the shipped example, with a register of badges, into a folder; return its path."""
    file = home / "fair.yaml"
    file.write_text(f"{example_fair_path().read_text(encoding='utf-8')}\nbadge_register: yes\n", encoding="utf-8")
    return file


def start_import(children: Children, home: Path, fair: Fair, common: list[str]) -> Part | None:
    """Begin to import the badges for the booth's page; the program ends when they are registered.

    Args:
        children: ends it with the demo.
        home: folder of the demo.
        fair: has a register, and no form of codes; else nothing is imported, and None is returned.
        common: the options that name Kafka and the fair.
    """
    if not fair.badge_register or fair.badge_codes is not None:
        return None
    file = home / "badges.csv"
    file.write_text(_BADGES, encoding="utf-8")
    command = with_environment(KEY, [*PROGRAM, "badges", "import", str(file), *common])
    return Part.start(children, home, "register", command)


def waiting_events(internal: str) -> int:
    """Return how many events wait for the registration of their badge; 0 at a fair without a register.

    Args:
        internal: host:port of the gateway's internal pages.

    Raises:
        Unavailable: the gateway does not answer.
    """
    page = page_at(f"http://{internal}/metrics")
    if page is None:
        raise Unavailable("the gateway does not say how many events wait", hint="start the demo again")
    families = text_string_to_metric_families(page)
    return int(sum(sample.value for family in families for sample in family.samples if sample.name == WAITING))
