"""Faust as its documentation shows it: one agent per topic, tables, a tumbling table for windows.

The same KPIs and traces with the same measures. Every cell is a table entry, every change a write to it; event ids and
the members of distinct counts are marks in a table. Hits of a `PerMember` and a `Spaced` are counted one by one. One
tumbling table per KPI serves all its minute windows.
Started as `stock_faust.py SERVERS ID RECORDS PREFIX`; topics are the event topics with a prefix.
"""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[3]))

import faust

from schemas.admission import admission
from schemas.errors import InvalidEvent
from schemas.events import DealCancelled, happened_ms
from schemas.fair.file import example_fair_path, load_fair
from schemas.times import epoch_ms
from schemas.topics import EVENT_TOPICS, PARTITIONS
from schemas.wire import decoder
from streams.worker.turns import tune_garbage_collector
from streams.kpis.aggregates import Count, Distinct, Histogram, PerMember, Spaced, Sum
from streams.kpis.definition import Signal, Window
from streams.fold.engine import Engine
from streams.fold.groups import spelt
from streams.fold.plans import Keeps
from streams.kpis.moment import Moment

QUIET_S = 30.0
SERVERS, ID, EXPECTED, PREFIX = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]

app = faust.App(
    ID,
    broker=f"kafka://{SERVERS}",
    store="memory://",
    topic_partitions=PARTITIONS,
    web_enabled=False,
    stream_buffer_maxsize=4_096,
    consumer_max_fetch_size=4 << 20,
)
engine = Engine(load_fair(example_fair_path()), timedelta(seconds=30))
admit, calendar = admission(engine.fair), engine.calendar
kpis = engine.folded
by_key = {kpi.key: kpi for kpi in kpis}


def table(name, default=int):
    return app.Table(name, default=default, partitions=PARTITIONS, key_type=str)


marks, deals = table("marks", bool), table("deals", list)
days = {kpi.key: table(f"{kpi.name}-day") for kpi in kpis if Window.DAY in kpi.windows}
fairs = {kpi.key: table(f"{kpi.name}-fair") for kpi in kpis if Window.FAIR in kpi.windows}
minutes = {
    kpi.key: table(f"{kpi.name}-minute").tumbling(60.0, expires=timedelta(hours=2))
    for kpi in kpis
    if kpi.in_panes
}
count = unique = 0
started = newest = 0.0


def first(mark):
    if marks[mark]:
        return False
    marks[mark] = True
    return True


def run(plan, event, moment, minute):
    day = calendar.day(minute)
    for key, measure, _, _ in plan:
        hit = measure(event, moment)
        if hit is not None:
            kpi = by_key[key]
            if isinstance(kpi.aggregate, Distinct):
                labels, member = hit
                group = spelt(labels)
                for window, cells, span in spans(key, minute, day):
                    if first(f"{key}|{window}|{span}|{group}|{member}"):
                        cells[f"{group}|{span}"] += 1
            else:
                book(key, hit, minute, day)


def spans(key, minute, day):
    if key in minutes:
        yield "minute", minutes[key], minute
    if key in days:
        yield "day", days[key], day
    if key in fairs:
        yield "fair", fairs[key], ""


def book(key, hit, minute, day, sign=1):
    aggregate = by_key[key].aggregate
    if isinstance(aggregate, PerMember | Spaced):
        changes = ((spelt(hit[0]), 1),)
    elif isinstance(aggregate, Count):
        changes = ((spelt(hit), 1),)
    elif isinstance(aggregate, Sum):
        changes = ((spelt(hit[0]), sign * hit[1]),)
    else:
        assert isinstance(aggregate, Histogram)
        found = {}
        aggregate.fold(found, hit, {hit[0]: "spread"})
        changes = [(f"{spelt(hit[0])}|{at}", n) for at, n in enumerate(found["spread"]) if n]
    for group, amount in changes:
        if key in minutes:
            minutes[key][group] += amount
        if key in days:
            days[key][f"{group}|{day}"] += amount
        if key in fairs:
            fairs[key][group] += amount


def take_deal(event, moment):
    old = deals[event.deal_id]
    if old and (old[0], old[1]) >= (event.revision, event.event_id):
        return
    at = event.occurred_at if isinstance(event, DealCancelled) else event.signed_at
    minute = epoch_ms(at) // 60_000
    booked = [[key, *hit] for key, measure, _, _ in engine.plans.signals[Signal.DEAL_STATE] if (hit := measure(event, moment))]
    for sign, when, entries in ((-1, old[2], old[3]) if old else (-1, minute, ()), (1, minute, booked)):
        for key, labels, amount in entries:
            book(key, (labels, amount), when, calendar.day(when), sign)
    deals[event.deal_id] = [event.revision, event.event_id, minute, booked]


def fold(topic, event, moment):
    global unique
    happened, received = happened_ms(event), epoch_ms(event.received_at)
    suspect = not calendar.is_believable(happened, received)
    happened = received if suspect else happened
    minute = happened // 60_000
    if not first(f"{event.terminal_id}|{topic}|{event.event_id}"):
        run(engine.plans.signals[Signal.DUPLICATE], event, moment, minute)
        return
    unique += 1
    moment.lag_ms = max(0, received - happened)
    badge_of, kind_of, plans, others, keeps = engine.plans.routes[type(event)]
    moment.badge, moment.at_ms, moment.is_open = badge_of(event), happened, calendar.is_open(minute)
    if keeps is Keeps.DEAL:
        take_deal(event, moment)
    run(plans.get(kind_of(event), others), event, moment, minute)


def attach(topic):
    decode = decoder(topic)
    moment = Moment(engine.fair, topic, lambda *parts: spelt(parts))

    async def agent(stream):
        global count, started, newest
        async for raw in stream:
            if not started:
                tune_garbage_collector()
                started = perf_counter()
            try:
                event = decode(raw)
                admit(event)
            except InvalidEvent:
                pass
            else:
                fold(topic, event, moment)
            count += 1
            newest = perf_counter()
            if count == EXPECTED:
                await app.producer.flush()
                finish(perf_counter())

    source = app.topic(PREFIX + topic, value_type=bytes, value_serializer="raw", key_type=bytes, key_serializer="raw")
    app.agent(source, name=f"fold-{topic}")(agent)


@app.timer(interval=5.0)
async def end_of_waiting():
    """It loses records now and then: then the last one never comes, and what there is must do."""
    if started and perf_counter() - newest > QUIET_S:
        finish(newest)


def finish(at):
    sys.stdout.flush()
    result = {"records": count, "unique": unique, "seconds": at - started}
    os.write(1, f"\n{json.dumps(result)}\n".encode())
    os._exit(0)


for one in EVENT_TOPICS:
    attach(one.name)

if __name__ == "__main__":
    sys.argv = [sys.argv[0], "worker", "-l", "error", "--without-web"]
    app.main()
