"""Why no client can work with what is at the address: each reason has a sentence, the same for every command."""

import asyncio
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiokafka.conn import create_conn
from aiokafka.protocol.metadata import MetadataRequest

from schemas.kafka_reach import explain_silence
from schemas.ports import HOST, free_port
from schemas.program import PROGRAM
from schemas.settings import KafkaSettings
from streams.local.kafka import LocalKafka

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
SASL = {"security_protocol": "SASL_PLAINTEXT", "sasl_username": "fairpulse-worker", "sasl_password": "s3cret"}


async def why(servers: str, **settings: str) -> str:
    kafka = KafkaSettings.load({}, bootstrap_servers=servers, **settings)
    return str(await explain_silence(kafka, create_conn, MetadataRequest([])))


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(4)
    writer.close()


async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with suppress(ConnectionError):  # the other side gives up
            await reader.read()
    finally:
        writer.close()


async def speaks_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(4)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    writer.close()


async def alerts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Do as a TLS server to which somebody speaks plainly."""
    await reader.read(4)
    writer.write(bytes.fromhex("15030300020250"))
    writer.close()


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    async with await asyncio.start_server(answer, HOST) as server:
        yield f"{HOST}:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("answer", "settings", "said"),
    [
        (
            speaks_http,
            {},
            "a web server answers at {at}, not Kafka; set --bootstrap-servers or FAIRPULSE_BOOTSTRAP_SERVERS",
        ),
        (
            hangs_up,
            {},
            "what listens at {at} does not answer as Kafka does; set --bootstrap-servers or ",
        ),
        (says_nothing, {}, "what listens at {at} does not answer; see whether that broker hangs, and restart it"),
        (alerts, {}, "Kafka at {at} speaks TLS on this port, and FAIRPULSE_SECURITY_PROTOCOL is PLAINTEXT; set it"),
        (alerts, SASL, "Kafka at {at} speaks TLS on this port, and FAIRPULSE_SECURITY_PROTOCOL is SASL_PLAINTEXT; set"),
    ],
)
async def test_what_is_not_the_kafka_that_we_expect_is_named(
    answer: Answer, settings: dict[str, str], said: str
) -> None:
    async with serving(answer) as at:
        told = await why(at, **settings)
    assert told.startswith(said.format(at=at))
    assert "s3cret" not in told


async def test_a_closed_port_and_an_unknown_name_are_told_apart() -> None:
    closed = f"{HOST}:{free_port()}"
    assert (await why(closed)).startswith(f"no Kafka answers at {closed} (nothing listens there); start one")
    assert "(the name is not known); " in await why("no-such-host.invalid:9092")
    both = await why(f"{closed},no-such-host.invalid:9092")
    assert f"({closed}: nothing listens there; no-such-host.invalid:9092: the name is not known)" in both


NOWHERE = "no-such-host.invalid:29092"
COMMANDS = [
    ["topics", "--create"],
    ["acls", "--check"],
    ["worker"],
    ["record", "x.fairrec", "--until", "end"],
    ["replay", str(Path(__file__).parents[1] / "recordings/amendment_before_deal.fairrec")],
    ["simulate", "--events", "5", "--speed", "0"],
    ["dead-letters", "list"],
    ["backfill"],
]
"""Those that end; a gateway and an exporter go on, and log the same sentence."""
SERVICES = [["gateway", "--port", "0", "--internal-port", "0"], ["kafka-exporter"]]


@pytest.fixture(scope="module", params=["unknown name", "closed port"])
def lost(request: pytest.FixtureRequest) -> Iterator[tuple[str, str, str]]:
    """Address of a Kafka that sends its clients elsewhere, where that is, and why it is of no use."""
    closed = f"{HOST}:{free_port()}"
    elsewhere, reason = (
        (NOWHERE, "the name is not known") if request.param == "unknown name" else (closed, "nothing listens there")
    )
    port = free_port({int(closed.rpartition(":")[2])})
    with LocalKafka.start(port=port, properties={"advertised.listeners": f"PLAINTEXT://{elsewhere}"}):
        yield f"{HOST}:{port}", elsewhere, reason


def program(arguments: list[str], at: str, folder: Path) -> subprocess.Popen[str]:
    with socket.socket() as free:
        free.bind((HOST, 0))
        environment = {
            **os.environ,
            "FAIRPULSE_BOOTSTRAP_SERVERS": at,
            "FAIRPULSE_METRICS_PORT": "0",
            "FAIRPULSE_EXPORTER_PORT": str(free.getsockname()[1]),
        }
    return subprocess.Popen(
        [*PROGRAM, *arguments],
        env=environment,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.broker
@pytest.mark.parametrize("arguments", COMMANDS, ids=[one[0] for one in COMMANDS])
def test_a_kafka_with_wrong_advertised_listeners_is_named_with_the_address_and_the_cure(
    lost: tuple[str, str, str], arguments: list[str], tmp_path: Path
) -> None:
    at, elsewhere, reason = lost
    process = program(arguments, at, tmp_path)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert (
        f"error: Kafka answers at {at}, but sends its clients on to {elsewhere}, which cannot be used from here"
        f" ({reason}); set advertised.listeners of that broker to an address that this machine reaches\n"
    ) in said
    assert "Traceback" not in said


@pytest.mark.broker
@pytest.mark.parametrize("arguments", SERVICES, ids=[one[0] for one in SERVICES])
def test_a_service_that_waits_for_kafka_logs_the_same_sentence(
    lost: tuple[str, str, str], arguments: list[str], tmp_path: Path
) -> None:
    at, elsewhere, reason = lost
    subprocess.run(
        [*PROGRAM, "terminals", "init"],
        cwd=tmp_path,
        check=True,
    )
    process = program(arguments, at, tmp_path)
    assert process.stderr
    try:
        said = next(line for line in process.stderr if "sends its clients on" in line)
        assert f"Kafka answers at {at}, but sends its clients on to {elsewhere}" in said
        assert f"({reason})" in said
        assert "advertised.listeners" in said
    finally:
        process.terminate()
        process.communicate()
