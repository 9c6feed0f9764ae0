"""Why no Kafka client can work: what is at the address, what it speaks, and where it sends its clients on to.

A client says that no broker would have it, whatever the reason. Here each bootstrap server is asked again, first as the
settings say, then byte by byte. Like `kafka_access`, this holds no client library.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final, Literal

from schemas.errors import FairpulseError, Refused, Unavailable
from schemas.kafka_access import refused, security_arguments
from schemas.outputs import reason
from schemas.settings import KafkaSettings

PROBE_S: Final = 5.0
"""How long an address may take to answer one question."""

ASK_AGAIN_S: Final = 0.1
"""Pause before a question is asked again that no broker has answered."""

LET_GO_S: Final = 1.0
"""How long each part of a client has to end that nobody wants any more: its start, its sender, its connections."""

_SET: Final = "set --bootstrap-servers or FAIRPULSE_BOOTSTRAP_SERVERS"

_QUESTION: Final = bytes.fromhex("0000000a0012000000000001ffff")
"""ApiVersions, version 0: every broker answers it, to everybody, before a password."""
_ANSWER: Final = bytes.fromhex("00000001")
"""The number of our question, behind the size of an answer."""
_TLS_ALERT: Final = b"\x15\x03"

Speaks = Literal["plain", "tls", "http", "silent", "other"]
"""What is at an address: Kafka, Kafka over TLS, a web server, nothing that answers, or something else."""

Connect = Callable[..., Awaitable[Any]]
"""aiokafka's `create_conn`."""


async def explain_silence(kafka: KafkaSettings, connect: Connect, question: object) -> FairpulseError:
    """Return why a client could not start, or could not reach the brokers.

    Args:
        kafka: where the brokers are, and who we are.
        connect: opens a connection as clients do.
        question: a request that a broker answers to those that it knows, with all brokers' addresses.
    """
    servers = kafka.bootstrap_servers.split(",")
    nobody: list[str] = []
    why: FairpulseError | None = None
    for server in servers:
        try:
            speaks = await _knock(*host_and_port(server))
        except (OSError, TimeoutError) as error:
            nobody.append(f"{server}: {no_connection(error)}")
            continue
        told = await _explain(kafka, server, speaks, connect, question)
        if told is None:
            return Unavailable(
                f"Kafka at {server} answers, but did not a moment ago",
                hint="try again; if that does not help, see the broker's log",
            )
        why = why or told
    if why is not None:
        return why
    reasons = nobody[0].partition(": ")[2] if len(nobody) == 1 else "; ".join(nobody)
    return Unavailable(
        f"no Kafka answers at {kafka.bootstrap_servers} ({reasons})",
        hint=f"start one with `fairpulse kafka`, or {_SET}",
    )


async def reaches_a_broker(client: Any) -> bool:
    """Return whether a client that has started can connect to a broker under the address that Kafka gives for it.

    Args:
        client: an AIOKafkaClient, which every producer, consumer and admin client has.
    """
    for broker in client.cluster.brokers():
        try:
            async with asyncio.timeout(PROBE_S):
                ready = await client.ready(broker.nodeId)
            if ready:
                return True
        except TimeoutError:
            continue
    return not client.cluster.brokers()


async def connect_whole(connecting: Awaitable[None]) -> None:
    """Wait until a client has connected; if this is cancelled, let it finish within `LET_GO_S`, so that it can close.

    aiokafka's `bootstrap` does not give its first connection to the client before a broker has answered. Cancelled
    before that, the connection would stay open and belong to nobody.

    Args:
        connecting: the start of an aiokafka client, or its bootstrap. Errors are passed on.
    """
    task = asyncio.ensure_future(connecting)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(_forget)
        try:
            await asyncio.wait([task], timeout=LET_GO_S)
        finally:
            task.cancel()
        raise


def _forget(task: asyncio.Future[None]) -> None:
    """Ask for an error that nobody waits for, else asyncio reports it in the middle of other lines."""
    if not task.cancelled():
        task.exception()


async def learn_topics(client: Any, names: Collection[str]) -> None:
    """Wait until a broker has told a client about topics: one that it does not know afterwards does not exist.

    aiokafka itself gives up after one round over the brokers, and all topics look missing then.

    Args:
        client: an AIOKafkaClient, which every producer, consumer and admin client has.
        names: the topics; they replace those that the client has followed.

    Raises:
        TimeoutError: no broker has told it within `PROBE_S`.
    """
    async with asyncio.timeout(PROBE_S):
        told = await client.set_topics(names)
        while not told:
            await asyncio.sleep(ASK_AGAIN_S)
            told = await client.force_metadata_update()


def host_and_port(server: str) -> tuple[str, int]:
    """Return the halves of host:port, an IPv6 address without its brackets."""
    host, _, port = server.rpartition(":")
    return host.strip("[]"), int(port)


def no_connection(error: BaseException) -> str:
    """Return why a connection could not be opened, for the end of a sentence."""
    match error:
        case socket.gaierror():
            return "the name is not known"
        case ConnectionRefusedError():
            return "nothing listens there"
        case TimeoutError():
            return f"no answer within {PROBE_S:g} s"
        case OSError(strerror=str()):
            return reason(error)
        case _:
            return "it does not answer as a broker does"


async def _explain(
    kafka: KafkaSettings, server: str, speaks: Speaks, connect: Connect, question: object
) -> FairpulseError | None:
    """Return what is wrong with a server that lets itself be connected; None if nothing is."""
    protocol = kafka.security_protocol
    other_port = f"or {_SET} to another listener"
    if speaks == "http":
        return Unavailable(f"a web server answers at {server}, not Kafka", hint=f"{_SET} to that of a broker")
    if speaks == "silent":
        return Unavailable(
            f"what listens at {server} does not answer", hint="see whether that broker hangs, and restart it"
        )
    if speaks == "tls" and not kafka.is_encrypted:
        return Refused(
            f"Kafka at {server} speaks TLS on this port, and FAIRPULSE_SECURITY_PROTOCOL is {protocol}",
            hint=f"set it to SASL_SSL or SSL, {other_port}",
        )
    if speaks == "plain" and kafka.is_encrypted:
        return Refused(
            f"no TLS with Kafka at {server}: this port speaks none, and FAIRPULSE_SECURITY_PROTOCOL is {protocol}",
            hint=f"set it to SASL_PLAINTEXT or PLAINTEXT, {other_port}",
        )
    try:
        answer = await _ask(kafka, *host_and_port(server), connect, question)
    except Exception as error:  # noqa: BLE001 - whatever it is, somebody asked why
        if (told := refused(kafka, error, "")) is not None:
            return told
        if speaks == "other":
            return Unavailable(
                f"what listens at {server} does not answer as Kafka does",
                hint=f"{_SET} to the address of a broker",
            )
        return Refused(
            f"Kafka at {server} ends the connection of {kafka.principal}",
            hint="it may want a password or TLS: set FAIRPULSE_SECURITY_PROTOCOL to that of the listener",
        )
    return await _unreachable(kafka, server, answer, connect, question)


async def _unreachable(
    kafka: KafkaSettings, server: str, answer: Any, connect: Connect, question: object
) -> FairpulseError | None:
    """Return which address of a broker cannot be used, of those that Kafka gives its clients; None if one can."""
    first: FairpulseError | None = None
    for _, host, port, *_ in answer.brokers:
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        if shown == server:
            return None
        try:
            await _ask(kafka, host, port, connect, question)
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody asked why
            cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
            first = first or Unavailable(
                f"Kafka answers at {server}, but sends its clients on to {shown}, which cannot be used from here"
                f" ({no_connection(cause)})",
                hint="set advertised.listeners of that broker to an address that this machine reaches",
            )
        else:
            return None
    return first


async def _ask(kafka: KafkaSettings, host: str, port: int, connect: Connect, question: object) -> Any:
    """Return the answer of a broker, asked as the settings say. Raises whatever the client library raises."""
    async with asyncio.timeout(PROBE_S):
        connection = await connect(host, port, request_timeout_ms=int(PROBE_S * 1_000), **security_arguments(kafka))
        try:
            return await connection.send(question)
        finally:
            connection.close()


async def _knock(host: str, port: int) -> Speaks:
    """Return what is at an address. Raises OSError or TimeoutError if no connection can be opened."""
    said = await _said(host, port, None)
    if said is None:
        return "silent"  # a TLS server would have ended the connection
    if said[4:8] == _ANSWER:
        return "plain"
    if said.startswith(b"HTTP"):
        return "http"
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # we only look who is there, and say nothing
    try:
        answers = (await _said(host, port, context) or b"")[4:8] == _ANSWER
    except (OSError, TimeoutError):  # an SSLError is an OSError
        answers = False
    return "tls" if answers or said.startswith(_TLS_ALERT) else "other"


async def _said(host: str, port: int, context: ssl.SSLContext | None) -> bytes | None:
    """Return how the answer of an address to a question of Kafka's begins; empty if it hangs up, None if it waits."""
    async with asyncio.timeout(PROBE_S):
        reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        async with asyncio.timeout(PROBE_S / 2):
            writer.write(_QUESTION)
            return await reader.readexactly(8)
    except asyncio.IncompleteReadError as error:
        return error.partial
    except TimeoutError:  # an OSError, too
        return None
    except OSError:
        return b""
    finally:
        writer.transport.abort()
