"""`make chaos`: a long fault campaign with a table at the end; exit code 1 if a law was broken in any run."""

import os
import queue
import secrets
import signal
import sys
import threading

import click

from tests.campaign import producing
from tests.campaign.beside import MISSING
from tests.campaign.campaign import Lane, Outcome, line, table
from tests.campaign.plan import FAULTS, SMALL_DISK, Run, run_of
from tests.campaign.seeded_bugs import BUGS
from tests.campaign.stage import PATIENCE_S, SmallDisk

INTERRUPTED = 130
USUAL_S = 25
"""Seconds that a run takes on two cores, with another one beside it."""
TELL_EVERY = 20
"""After this number of runs, say again how long it takes."""
BUG_PATIENCE_S = 10
"""With a bug put in, numbers stay wrong; there is no need to wait a minute for them."""


@click.command()
@click.option("--runs", type=click.IntRange(1), default=30, show_default=True, help="How many runs.")
@click.option("--seed", type=int, help="Repeats a campaign; without it a new one is drawn and printed.")
@click.option("--fault", type=click.Choice(list(FAULTS)), help="Only this fault.")
@click.option("--run", "only", type=click.IntRange(0), help="Only the run of this number.")
@click.option("--lanes", type=click.IntRange(1, 8), default=2, show_default=True, help="Runs at the same time.")
@click.option("--bug", type=click.Choice((producing.BUG, *BUGS)), help="Put a bug in; the campaign must turn red.")
@click.option("--keep", is_flag=True, help="Keep the files of good runs too.")
def chaos(
    runs: int, seed: int | None, fault: str | None, only: int | None, lanes: int, bug: str | None, keep: bool
) -> None:
    """Break things under load, run after run, and compare every KPI with the oracle after each run."""
    seed = secrets.randbelow(10**8) if seed is None else seed
    numbers = range(runs) if only is None else [only]
    todo = [run_of(seed, number, fault) for number in numbers]
    todo = without_impossible(todo)
    print(f"seed {seed}, {len(todo)} runs, about {minutes(len(todo) * USUAL_S, lanes)}", flush=True)
    if MISSING:
        print(f"skipped: not silent: {MISSING}", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(campaign(todo, lanes, bug or "", keep=keep))


def without_impossible(todo: list[Run]) -> list[Run]:
    """Leave out the faults that this machine cannot make, and say so."""
    if any(run.fault in SMALL_DISK for run in todo):
        try:
            with SmallDisk():
                pass
        except PermissionError as error:
            print(f"skipped: disk_full: {error}", flush=True)
            return [run for run in todo if run.fault not in SMALL_DISK]
    return todo


def campaign(todo: list[Run], lanes: int, bug: str, *, keep: bool) -> int:
    """Take all runs to their end, several at a time; print them and the table; return the exit code."""
    waiting: queue.SimpleQueue[Run] = queue.SimpleQueue()
    for run in todo:
        waiting.put(run)
    done: queue.SimpleQueue[Outcome | BaseException] = queue.SimpleQueue()
    crew = [Lane(keep=keep) for _ in range(min(lanes, len(todo)))]

    def work(lane: Lane) -> None:
        try:
            while True:
                done.put(lane.run(waiting.get_nowait(), bug, BUG_PATIENCE_S if bug else PATIENCE_S))
        except queue.Empty:
            pass
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            done.put(error)

    for lane in crew:
        threading.Thread(target=work, args=(lane,), daemon=True).start()
    outcomes: list[Outcome] = []
    try:
        while len(outcomes) < len(todo):
            outcome = got(done.get())
            outcomes.append(outcome)
            print(line(outcome), flush=True)
            if len(outcomes) % TELL_EVERY == 0 and len(outcomes) < len(todo):
                left = sum(one.seconds for one in outcomes) / len(outcomes) * (len(todo) - len(outcomes))
                print(f"{len(outcomes)} of {len(todo)} runs, {minutes(left, lanes)} left", flush=True)
    except KeyboardInterrupt:
        print("interrupted; so far:", flush=True)
        for lane in crew:
            lane.stop()
        print(table(outcomes), flush=True)
        os._exit(INTERRUPTED)  # the lanes' threads still wait for processes that are gone
    except BaseException:
        for lane in crew:
            lane.stop()
        raise
    for lane in crew:
        lane.stop()
    print(table(outcomes), flush=True)
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def minutes(seconds: float, lanes: int) -> str:
    """Return how long runs of this length in all take in lanes, in words."""
    number = round(seconds / lanes / 60)
    return f"{number} minute{'' if number == 1 else 's'}"


def got(outcome: Outcome | BaseException) -> Outcome:
    """Return an outcome; raise the error that ended a lane."""
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


if __name__ == "__main__":
    chaos()
