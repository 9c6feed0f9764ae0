"""`make hostile`: what the other terminals notice of one hostile client. It starts Kafka and a gateway.

Loopback only, bounded in time, and nothing is left behind. The others post one event at a time, at a steady rate, over
connections that they keep. Each attack goes on for a round, between two rounds without one. Attacks marked `token` come
with the token of one terminal, all others without any. The gateway runs on one core, attackers and terminals on the
other, so their own work disturbs each other; ratios say more than times.
"""

import argparse
import asyncio
import random
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from schemas.api.terminals import PlaceKind, Terminal
from schemas.settings import KafkaSettings
from streams.kafka.topics import ensure_topics
from streams.local.kafka import LocalKafka
from tests.bench.load import cpu_seconds, pin
from tests.support.attacks import ATTACKS, Attack
from tests.support.gateway import FAIR_ID, GatewayProcess, Paired
from tests.support.posting import Line, batches

OTHERS = 40
OTHERS_FROM = "127.0.0.2"
"""Their address; the attacker has another. On macOS it has to be set up first."""
PER_SECOND = 2.0
"""Requests per second of each of the others."""


@dataclass
class Round:
    """The answers that the others saw in one round, and the processor time of the gateway."""

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    broken: int = 0
    not_ready: int = 0
    cores: float = 0.0

    @property
    def p50(self) -> float:
        return 1_000 * statistics.median(self.seconds) if self.seconds else float("nan")

    @property
    def p99(self) -> float:
        return 1_000 * statistics.quantiles(self.seconds, n=100)[98] if len(self.seconds) > 1 else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8, help="of each round (default 8)")
    parser.add_argument(
        "--only",
        nargs="+",
        default=list(ATTACKS),
        choices=list(ATTACKS),
        metavar="ATTACK",
        help=f"attacks: {', '.join(ATTACKS)}",
    )
    given = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 16_384)), hard))
    with tempfile.TemporaryDirectory(prefix="fairpulse-hostile-") as directory, LocalKafka.start() as kafka:
        asyncio.run(ensure_topics(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=4)))
        paired = Paired(Path(directory) / "terminals.sqlite")
        terminals = [Terminal(f"t-{n}", FAIR_ID, PlaceKind.BOOTH, "h1-001") for n in range(OTHERS + 1)]
        for one in terminals:
            paired.enrol(one)
        gateway = GatewayProcess(
            kafka.bootstrap_servers, paired, Path(directory) / "gateway.log", gateway_rate="200", gateway_burst="4000"
        ).start()
        pin(gateway.process.pid, 0)
        try:
            asyncio.run(campaign(gateway, terminals, [ATTACKS[name] for name in given.only], given.seconds))
        finally:
            gateway.stop()


async def campaign(
    gateway: GatewayProcess, terminals: Sequence[Terminal], attacks: Sequence[Attack], seconds: float
) -> None:
    await rounds(gateway, terminals[1:], 2)
    print(f"{'attack':24} {'p50 ms':>13} {'p99 ms':>15} {'ratio':>6} {'core':>6}  others' answers; readyz; attacker")
    for attack in attacks:
        before = await rounds(gateway, terminals[1:], seconds / 2)
        hostile = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.support.attacks", attack.name, str(gateway.port)),
            *(gateway.paired.of(terminals[0]), terminals[0].terminal_id),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        await eventually_attacked(gateway, hostile)
        under = await rounds(gateway, terminals[1:], seconds)
        said, _ = await hostile.communicate(b"\n")
        await asyncio.sleep(1)
        after = await rounds(gateway, terminals[1:], seconds / 2)
        usual = Round(before.seconds + after.seconds)
        cores = under.cores - statistics.mean((before.cores, after.cores))
        refused = {status: count for status, count in under.statuses.items() if status != 202}
        print(
            f"{attack.name:24} {usual.p50:5.1f} ->{under.p50:5.1f} {usual.p99:6.1f} ->{under.p99:6.1f} "
            f"{under.p99 / usual.p99:6.1f} {cores:6.2f}  {under.statuses.get(202, 0)} 202, other {refused or 'none'}, "
            f"broken {under.broken}; not ready {under.not_ready}; {said.decode().strip()}",
            flush=True,
        )


async def eventually_attacked(gateway: GatewayProcess, hostile: asyncio.subprocess.Process) -> None:
    """Return a moment after the attack has reached the gateway."""
    pid = gateway.process.pid
    used = cpu_seconds(pid)
    for _ in range(100):
        await asyncio.sleep(0.2)
        if cpu_seconds(pid) - used > 0.1 or hostile.returncode is not None:
            break
    await asyncio.sleep(1)


async def rounds(gateway: GatewayProcess, terminals: Sequence[Terminal], seconds: float) -> Round:
    """Let the others post for a while."""
    seen = Round()
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    used, began = cpu_seconds(gateway.process.pid), loop.time()

    async def one(terminal: Terminal) -> None:
        line = Line(gateway.port, gateway.paired.of(terminal), OTHERS_FROM)
        bodies = batches(terminal, 1)
        await asyncio.sleep(random.random() / PER_SECOND)
        while (now := loop.time()) < ends:
            try:
                status, _, _ = await line.post(next(bodies)[1])
            except (OSError, EOFError, TimeoutError):
                seen.broken += 1
            else:
                seen.statuses[status] = seen.statuses.get(status, 0) + 1
                seen.seconds.append(loop.time() - now)
            await asyncio.sleep(max(0.0, now + 1 / PER_SECOND - loop.time()))
        line.close()

    async def ready() -> None:
        while loop.time() < ends:
            status, _ = await asyncio.to_thread(gateway.get, "/readyz")
            seen.not_ready += status != 200
            await asyncio.sleep(0.5)

    await asyncio.gather(ready(), *(one(terminal) for terminal in terminals))
    seen.cores = (cpu_seconds(gateway.process.pid) - used) / (loop.time() - began)
    return seen


if __name__ == "__main__":
    main()
