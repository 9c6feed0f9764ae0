"""`make clients`: the world's clients post to a gateway, and the table says how many of their events count.

Loopback only. Each client posts straight to the gateway, and through two servers of nginx: one is set up as the
gateway's RUNNING.md says, with TLS; the other is as nginx is by default, with HTTP/1.0. Events are counted in Kafka.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from schemas.api.terminals import PlaceKind, Terminal
from schemas.ports import HOST
from schemas.settings import KafkaSettings
from schemas.topics import REJECTED, SCANS
from streams.kafka.topics import ensure_topics
from streams.local.kafka import LocalKafka
from tests.clients.page import put
from tests.clients.programs import build, missing, post
from tests.clients.table import CLIENTS, Client
from tests.support.certificates import authority
from tests.support.gateway import FAIR_ID, GatewayProcess, Paired
from tests.support.nginx import Nginx, free_ports, readme_server
from tests.support.workers import read_back

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- written by make clients WRITE=1 -->\n", "<!-- until here -->\n"
EVENTS = 20
DIRECT, SET_UP, DEFAULT = "direct", "nginx as in RUNNING.md", "nginx as it is"
FRONTS = (DIRECT, SET_UP, DEFAULT)
PLAIN = "server {{ listen {host}:{port}; location / {{ proxy_pass http://{host}:{gateway}; }} }}"


@dataclass
class Cell:
    """A client behind one front.

    Attributes:
        ids: of the events that it posted.
        statuses: that it was answered.
        trouble: the end of its output if it failed.
    """

    terminal: Terminal
    ids: list[str] = field(default_factory=lambda: [str(uuid.uuid4()) for _ in range(EVENTS)])
    statuses: Counter[str] = field(default_factory=Counter)
    trouble: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", help="programs, such as curl and java")
    parser.add_argument("--write", action="store_true", help="put the table into the README beside this file")
    given = parser.parse_args()
    clients = [one for one in CLIENTS if given.only is None or one.program in given.only]
    if not clients:
        parser.error(f"no client belongs to these programs; there are {sorted({one.program for one in CLIENTS})}")
    text, good = table(clients)
    print(text)
    if given.write:
        put(text, BEGIN, END)
    sys.exit(not good)


def table(clients: Sequence[Client]) -> tuple[str, bool]:
    """Let all clients post. Return the table, and whether each event of those that could be tried counts once."""
    made = ROOT / ".fairpulse/clients"
    with tempfile.TemporaryDirectory() as temporary, LocalKafka.start() as kafka:
        folder = Path(temporary)
        asyncio.run(ensure_topics(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=4)))
        ca = authority(folder / "ca")
        ca.server()
        lacking = {one: missing(one) for one in {client.program for client in clients}}
        for program in sorted(one for one, lack in lacking.items() if not lack):
            print(f"building: {program}", file=sys.stderr)
            build(program, made, ca.file)
        cells = {
            (client, front): Cell(Terminal(f"c{row}-{column}", FAIR_ID, PlaceKind.BOOTH, "h1-001"))
            for row, client in enumerate(clients)
            for column, front in enumerate(FRONTS)
            if not lacking[client.program]
        }
        paired = Paired(folder / "terminals.sqlite")
        for cell in cells.values():
            paired.enrol(cell.terminal)
        with fronts(kafka, paired, folder) as addresses:
            for (client, front), cell in cells.items():
                token = paired.of(cell.terminal)
                cell.statuses, cell.trouble = post(
                    client, cell.ids, cell.terminal, token, addresses[front], made, ca.file
                )
        return counted(clients, cells, lacking, kafka)


@contextmanager
def fronts(kafka: LocalKafka, paired: Paired, folder: Path) -> Iterator[dict[str, str]]:
    """Start a gateway, and nginx before it; yield the address of each front."""
    gateway = GatewayProcess(kafka.bootstrap_servers, paired, folder / "gateway.log", gateway_proxies=HOST)
    tls, plain = free_ports(2)
    servers = readme_server(tls, gateway.port, folder / "ca") + PLAIN.format(
        host=HOST, port=plain, gateway=gateway.port
    )
    with Nginx(folder / "nginx", servers, tls):
        gateway.start()
        try:
            yield {
                DIRECT: f"http://{HOST}:{gateway.port}/v1/events",
                SET_UP: f"https://{HOST}:{tls}/v1/events",
                DEFAULT: f"http://{HOST}:{plain}/v1/events",
            }
        finally:
            gateway.stop()


def counted(
    clients: Sequence[Client], cells: dict[tuple[Client, str], Cell], lacking: dict[str, str], kafka: LocalKafka
) -> tuple[str, bool]:
    """Count all events in Kafka. Return the table, and whether each of them is there once and none was refused."""
    stored = Counter(
        json.loads(value)["event_id"] for *_, value in read_back(kafka.bootstrap_servers, SCANS.name) if value
    )
    letters = Counter(
        json.loads(value)["terminal_id"] for *_, value in read_back(kafka.bootstrap_servers, REJECTED.name) if value
    )
    lines = ["| client | " + " | ".join(FRONTS) + " |", "|---" * (1 + len(FRONTS)) + "|"]
    good = True
    for client in clients:
        texts = []
        for front in FRONTS:
            if (cell := cells.get((client, front))) is None:
                texts.append(f"not tried: {lacking[client.program]} is not installed")
                continue
            once = sum(stored[one] == 1 for one in cell.ids)
            refused = letters[cell.terminal.terminal_id]
            whole = once == EVENTS and not refused and set(cell.statuses) == {"202"}
            good = good and whole
            answers = ", ".join(f"{status} {times} times" for status, times in sorted(cell.statuses.items()))
            trouble = "" if whole else f": {refused} dead letters, answers {answers or 'none'}. {cell.trouble}"
            texts.append(f"{once} of {EVENTS}{trouble}")
        lines.append(f"| {client.name} | " + " | ".join(texts) + " |")
    twice = sum(times > 1 for times in stored.values())
    posted = EVENTS * len(cells)
    lines += ["", f"Posted {posted:,}, counted {len(stored):,}, stored twice {twice}, dead letters {letters.total()}."]
    return "\n".join(lines), good and not twice


if __name__ == "__main__":
    main()
