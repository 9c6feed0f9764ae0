"""The server's own clock jumps by an hour: stamps follow it, deadlines and limits do not."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from producers.gateway.run import create_gateway, serve
from schemas.fair.file import example_fair_path, load_fair
from schemas.ports import HOST, free_port
from schemas.settings import GatewaySettings, KafkaSettings
from schemas.topics import SCANS
from streams.local.kafka import LocalKafka
from tests.support.gateway import BOOTH, Paired
from tests.support.posting import Line, batches
from tests.support.workers import read_back

pytestmark = pytest.mark.broker

NOON = datetime(2025, 10, 25, 10, 0, tzinfo=UTC)


async def test_a_clock_that_jumps_by_an_hour_ends_no_request_and_refuses_no_event(
    log_of_events: LocalKafka, paired: Paired
) -> None:
    port = free_port()
    settings = GatewaySettings(
        gateway_port=port,
        gateway_internal_port=free_port({port}),
        terminals_file=paired.path,
        terminals_shared=False,
        gateway_burst=500,
    )
    kafka = KafkaSettings(bootstrap_servers=log_of_events.bootstrap_servers, partitions=4)
    gateway = create_gateway(load_fair(example_fair_path("small")), kafka, settings)
    now = NOON
    gateway.clock = lambda: now
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(gateway, stop))
    line, stream, posted = Line(port, paired.of(BOOTH)), batches(BOOTH, 20), {}
    async with asyncio.timeout(60):
        while not (gateway.supervisor.is_ready and await _listens(port)):
            await asyncio.sleep(0.01)
        for jump in (0, 1, -1, 24, 0):
            now = NOON + timedelta(hours=jump)
            ids, body = next(stream)
            status, _, said = await line.post(body)
            assert status == 202, said
            posted |= dict.fromkeys(ids, now)
        # A body under way while the clock jumps: its deadline is measured by another clock.
        ids, body = next(stream)
        reader, writer = await asyncio.open_connection(HOST, port)
        head = f"Authorization: Bearer {paired.of(BOOTH)}\r\nContent-Type: application/json\r\n"
        writer.write(
            f"POST /v1/events HTTP/1.1\r\nHost: g\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:9]
        )
        await writer.drain()
        while not gateway.room.requests:
            await asyncio.sleep(0.01)
        posted |= dict.fromkeys(ids, now)
        now = NOON + timedelta(hours=1)
        writer.write(body[9:])
        assert b" 202 " in await reader.readline()
        writer.close()
    line.close()
    stop.set()
    await serving
    raw = await asyncio.to_thread(read_back, log_of_events.bootstrap_servers, SCANS.name)
    stamps = {
        event["event_id"]: datetime.fromisoformat(event["received_at"])
        for *_, value in raw
        if value and (event := json.loads(value))["event_id"] in posted
    }
    assert stamps == posted


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True
