"""Run a gateway in the foreground until SIGTERM: start, serve, drain, stop."""

import asyncio
import gc
import socket
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import uvicorn

from producers.badges.follower import BadgeFollower
from producers.gateway.app import Gateway
from producers.gateway.copies import Copies
from producers.gateway.events.badge_codes import BadgeCodes
from producers.gateway.events.intake import Intake
from producers.gateway.events.memory import Remembered
from producers.gateway.events.resolving import badge_erased
from producers.gateway.hearing import Hearing
from producers.gateway.http.doors import Doors
from producers.gateway.http.forwarded import Proxies
from producers.gateway.internal import internal_app
from producers.gateway.lags import Lags
from producers.gateway.metrics import GatewayMetrics
from producers.gateway.register.register import Register, badge_key_of
from producers.gateway.register.releasing import Releases
from producers.gateway.shares.accounts import Account, Accounts
from producers.gateway.shares.limits import Buckets, Room
from producers.gateway.shares.serving import PlainServer, PublicServer, most_connections
from producers.gateway.skew import Skew
from producers.gateway.supervisor import FRESH_S, Supervisor
from producers.gateway.terminal_gauges import watch_terminals
from producers.gateway.tls.certificates import Certificates
from producers.gateway.tls.files import Files
from producers.gateway.topic_watch import TopicWatch
from producers.registry.doorkeeper import Doorkeeper
from producers.registry.follower import Follower
from producers.registry.sharing import shared_in
from producers.registry.store import digest_of
from schemas.errors import Unavailable
from schemas.fair.model import Fair
from schemas.interrupts import ending_signals, reloading_signal
from schemas.logs import log_to_stderr, logger
from schemas.settings import GatewaySettings, KafkaSettings, LogSettings
from schemas.topics import BADGE_CODES, RECORDED_TOPICS, TERMINALS, UNRESOLVED, Topic

log = logger(__name__)

DRAIN_S: Final = 9.0
"""How long requests under way may take after SIGTERM: longer than Kafka's deadline."""
DRAIN_BODY_S: Final = 1.0
"""How long a body that is still being sent may take after SIGTERM."""
CLOSE_S: Final = 2.0
"""How long connections may take to close after the drain."""
CANCEL_AGAIN_S: Final = 3.0
"""Pause before a task that is still there is cancelled once more."""
UP_TO_NOW_S: Final = 1e9
"""Shown as the age of a register that was never read."""
LIVE_OBJECTS: Final = 50_000
"""New objects before Python looks for cyclic garbage: more than the requests under way hold, about 10 MB. Little here
forms cycles (a connection releases its last request, see `connection`), and each search would scan the same events."""


def wall_clock() -> datetime:
    """Return the server's time."""
    return datetime.now(UTC)  # noqa: TID251 - the one clock of the gateway; everything else gets it as an argument


def create_gateway(fair: Fair, kafka: KafkaSettings, settings: GatewaySettings) -> Gateway:
    """Return a gateway that is not connected to anything yet."""
    metrics = GatewayMetrics()
    connections = most_connections(settings.gateway_connections)
    accounts = Accounts(settings.gateway_share, connections, lambda resource: metrics.over_share.labels(resource).inc())
    room = Room(settings.gateway_requests, settings.gateway_memory, accounts)
    memory = Remembered(settings.gateway_remembered_events)
    follower = None
    if (shared := shared_in(kafka, settings)) is not None:
        follower = Follower(shared, settings.terminals_file, lambda why: metrics.ignored_changes.labels(why).inc())
    doorkeeper = Doorkeeper(settings.terminals_file, follower)
    copies = Copies()
    topics = TopicWatch(kafka, _topics(fair, is_shared=shared is not None))
    supervisor = Supervisor(
        kafka,
        rebuilt=lambda cause: metrics.rebuilds.labels(cause).inc(),
        topics=(one.name for one in _topics(fair, is_shared=False)),
        connected=topics.look,
    )
    register = None if not fair.badge_register else _register(fair, kafka, supervisor, metrics)
    metrics.watch("requests_under_way", "Requests under way.", lambda: room.requests)
    metrics.watch("body_bytes_under_way", "Bytes of bodies under way (unit: bytes).", lambda: room.bytes)
    metrics.watch("connections", "Open connections of clients.", lambda: len(accounts.guests))
    metrics.watch(
        "addresses_over_share",
        "Addresses that wanted more than their share within the last minute, before a token was checked.",
        accounts.addresses_over,
    )
    metrics.watch_each(
        "terminal_over_share",
        "1 for each terminal that wanted more than its share within the last minute; no other terminal has a series.",
        "terminal",
        accounts.terminals_over,
    )
    metrics.watch("remembered_events", "Events remembered to answer `duplicate`.", lambda: len(memory))
    metrics.watch("keys", "Tokens of terminals that are not revoked.", lambda: len(doorkeeper))
    metrics.watch(
        "registry_age_seconds",
        "Time since the registry of terminals was known to be up to date (unit: seconds).",
        lambda: doorkeeper.age_s,
    )
    metrics.watch(
        "ready",
        f"1 if Kafka has answered within the last {FRESH_S:g} s, and no topic is wrong.",
        lambda: float(supervisor.is_ready and topics.wrong is None),
    )
    metrics.watch_findings(lambda: topics.findings, lambda: topics.checked_at)
    metrics.watch_each(
        "terminal_copies",
        "1 for each terminal that two machines send as; no other terminal has a series.",
        "terminal",
        lambda: copies.copied(asyncio.get_running_loop().time()),
    )
    gateway = Gateway(
        fair=fair,
        settings=settings,
        proxies=Proxies(settings.gateway_proxies),
        clock=wall_clock,
        doorkeeper=doorkeeper,
        supervisor=supervisor,
        topics=topics,
        intake=Intake(fair, memory) if register is None else Intake(fair, memory, register.codes, register.book),
        accounts=accounts,
        room=room,
        buckets=Buckets(settings.gateway_rate, settings.gateway_burst),
        copies=copies,
        skew=Skew(),
        lags=Lags(),
        hearing=Hearing(),
        metrics=metrics,
        register=register,
        badges_token=None if (token := settings.badges_token()) is None else digest_of(token),
    )
    watch_terminals(gateway)
    return gateway


def _topics(fair: Fair, *, is_shared: bool) -> tuple[Topic, ...]:
    """Return the topics that a gateway relies on."""
    register = (BADGE_CODES, UNRESOLVED) if fair.badge_register else ()
    return (*RECORDED_TOPICS, *register, *((TERMINALS,) if is_shared else ()))


def _register(fair: Fair, kafka: KafkaSettings, supervisor: Supervisor, metrics: GatewayMetrics) -> Register:
    """Return the register of badges, not connected yet. Raises InvalidSettings if the badge key is missing."""
    key = badge_key_of(fair)
    follower = BadgeFollower(kafka, fair.fair_id)
    releases = Releases(
        kafka,
        fair.fair_id,
        follower.book,
        lambda: follower.ready,
        supervisor.deliver,
        wall_clock,
        metrics.released_events().inc,
        metrics.rejected.labels(badge_erased().reason).inc,
    )
    metrics.watch_register(
        lambda: len(follower.book),
        lambda: follower.book.clashes,
        lambda: min(follower.age_s, UP_TO_NOW_S),
        lambda: releases.waiting.counts,
    )
    return Register(fair=fair, key=key, codes=BadgeCodes(key, fair.badge_codes), follower=follower, releases=releases)


def run_gateway(fair: Fair, kafka: KafkaSettings, settings: GatewaySettings) -> None:
    """Serve until SIGINT or SIGTERM, then answer the requests under way and end.

    SIGHUP reads certificate and registry again. In a gateway that was started from a terminal, it ends it as SIGTERM.

    Raises:
        InvalidSettings: the certificate or its key cannot be used; or the badge key is missing, or not the fair's.
        Unavailable: a port is taken, or the registry cannot be read.
    """
    log_to_stderr(LogSettings.load(), silent=("aiokafka", "uvicorn", "asyncio"))
    gateway = create_gateway(fair, kafka, settings)
    gc.freeze()  # everything loaded so far stays until the end
    gc.set_threshold(LIVE_OBJECTS)
    asyncio.run(serve(gateway, asyncio.Event()))


async def serve(gateway: Gateway, stop: asyncio.Event) -> None:
    """Serve until `stop` is set or a signal comes. Raises Unavailable, see `run_gateway`."""
    settings, loop = gateway.settings, asyncio.get_running_loop()
    began_s = loop.time()
    certificates = _certificates(gateway)
    gateway.doorkeeper.read()
    if gateway.register is not None:
        gateway.register.check_key(gateway.doorkeeper)
    _hear_signals(loop, stop, Files(gateway.doorkeeper, certificates))
    public = PublicServer(
        _config(gateway, certificates),
        gateway.accounts,
        lambda peer: account_of(peer, gateway),
        lambda cause: gateway.metrics.bad_http.labels(cause).inc(),
    )
    watching = [loop.create_task(gateway.doorkeeper.watch()), loop.create_task(gateway.topics.watch())]
    following = _watch_register(gateway, stop)
    watching += following
    if certificates is not None:
        watching.append(loop.create_task(certificates.watch()))
    gateway.supervisor.start()
    internal = PlainServer(
        uvicorn.Config(
            internal_app(gateway),
            host=settings.gateway_internal_host,
            port=settings.gateway_internal_port,
            log_config=None,
            access_log=False,
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
    )
    try:
        serving = [loop.create_task(_serve(server)) for server in (internal, public)]
        while not all(server.started for server in (internal, public)):
            for task in serving:
                if task.done():
                    task.result()
            await asyncio.sleep(0.01)
        log.info(
            "terminals may post",
            fair=gateway.fair.fair_id,
            host=settings.gateway_host,
            port=public.port,
            tls=certificates is not None,
            internal_port=internal.port,
        )
        await stop.wait()
        await _drain(gateway)
        for server in (public, internal):
            server.should_exit = True
        await asyncio.gather(*serving)
    finally:
        await _end(watching)
        await gateway.supervisor.stop()
    for task in following:
        if not task.cancelled():
            task.result()
    log.info("ended in good order", seconds=round(loop.time() - began_s, 1))


def _watch_register(gateway: Gateway, stop: asyncio.Event) -> list[asyncio.Task[None]]:
    """Begin to read the register of badges; `stop` is set when one of the tasks fails.

    Returns:
        The tasks. One fails if the badge key is not the fair's, the others because of a bug; none without a register.
    """
    register, loop = gateway.register, asyncio.get_running_loop()
    if register is None:
        return []
    tasks = [
        loop.create_task(register.watch_key(gateway.doorkeeper, gateway.clock)),
        loop.create_task(_for_ever("the register of badges is not read any more", register.follower.follow)),
        loop.create_task(_for_ever("waiting events are not released any more", register.releases.watch)),
    ]
    for task in tasks:
        task.add_done_callback(lambda done: None if done.cancelled() or done.exception() is None else stop.set())
    return tasks


async def _for_ever(ended: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do work that never ends. Raises Unavailable if it does."""
    try:
        await work()
    except Exception as error:
        log.exception("the gateway ends because of a bug", error=error)
    raise Unavailable(ended, hint="start the gateway again, and report the bug: the log has it")


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks, again and again until all have ended: a library may take a cancellation for an error of its own."""
    while running := [one for one in tasks if not one.done()]:
        for one in running:
            one.cancel()
        await asyncio.wait(running, timeout=CANCEL_AGAIN_S)


def account_of(peer: str, gateway: Gateway) -> Account:
    """Return the account of a peer whose requests are not known yet."""
    accounts = gateway.accounts
    return accounts.of_proxy(peer) if gateway.proxies.trust(peer) else accounts.of_address(peer)


async def _serve(server: PlainServer) -> None:
    host, port = server.config.host, server.config.port
    try:
        await server.serve(_both_families(port, server.config.backlog) if host == "::" else None)
    except (SystemExit, OSError):
        raise Unavailable(
            f"port {port} is taken by another program, or {host} is not an address of this machine",
            hint="set FAIRPULSE_GATEWAY_PORT and FAIRPULSE_GATEWAY_INTERNAL_PORT to free ones, or to 0",
        ) from None


def _both_families(port: int, backlog: int) -> list[socket.socket] | None:
    """Return a socket for all addresses of the machine, of IPv6 and of IPv4; None if it has no such sockets."""
    if not socket.has_dualstack_ipv6():
        return None
    return [socket.create_server(("", port), family=socket.AF_INET6, backlog=backlog, dualstack_ipv6=True)]


async def _drain(gateway: Gateway) -> None:
    """Refuse new requests, and wait until those under way are answered."""
    loop = asyncio.get_running_loop()
    log.info("draining", requests=gateway.room.requests)
    gateway.draining = True
    for deadline in gateway.patience:
        deadline.reschedule(loop.time() + DRAIN_BODY_S)
    end_s = loop.time() + DRAIN_S
    while gateway.room.requests and loop.time() < end_s:  # noqa: ASYNC110 - a count, not an event, and only once
        await asyncio.sleep(0.02)


def _hear_signals(loop: asyncio.AbstractEventLoop, stop: asyncio.Event, files: Files) -> None:
    again = reloading_signal()
    for one in ending_signals():
        if one != again:
            loop.add_signal_handler(one, stop.set)
    if again is not None:
        loop.add_signal_handler(again, files.reload)


def _certificates(gateway: Gateway) -> Certificates | None:
    """Return the certificate as the settings name it; None for plain HTTP. Its metrics are there from now on."""
    settings, metrics = gateway.settings, gateway.metrics
    if settings.gateway_certificate is None:
        return None
    certificates = Certificates(settings.gateway_certificate, settings.gateway_certificate_key, gateway.clock)
    metrics.watch(
        "certificate_expires_timestamp_seconds",
        "When the certificate in force ends (unit: seconds).",
        certificates.expires_s,
    )
    metrics.watch(
        "certificate_unusable",
        "1 if the files of certificate and key cannot be used as they are now; the pair before stays in force.",
        certificates.is_unusable,
    )
    return certificates


def _config(gateway: Gateway, certificates: Certificates | None) -> uvicorn.Config:
    settings = gateway.settings
    return uvicorn.Config(
        Doors(gateway),
        host=settings.gateway_host,
        port=settings.gateway_port,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=int(CLOSE_S),
        backlog=1_024,
        ssl_context_factory=None if certificates is None else lambda *_: certificates.context,
    )
