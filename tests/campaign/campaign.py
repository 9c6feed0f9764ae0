"""One run from beginning to end, and the clusters that runs share."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.errors import Unavailable
from tests.campaign import workloads
from tests.campaign.checks import Verdict, judge
from tests.campaign.plan import FAULTS, OWN_BROKER, SMALL_DISK, THREE_NODES, Run
from tests.campaign.stage import PATIENCE_S, Cluster, NotSeen, Scene, Stalled, remove, scene

PATCHED = ("-m", "tests.campaign.patched_worker")
ATTEMPTS = 3
"""How often a fault that did not take place is tried again: chance and the machine decide when it strikes."""


@dataclass
class Outcome:
    """A run and its result.

    Attributes:
        seen: what the fault did, or why it did not take place.
        counts: whether the fault took place.
        before: why it did not take place in earlier attempts.
    """

    run: Run
    verdict: Verdict
    seen: str = ""
    kills: int = 0
    counts: bool = True
    seconds: float = 0
    evidence: str = ""
    bug: str = ""
    before: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        return self.counts and self.verdict.is_good


@dataclass
class Lane:
    """Runs one after another, on one cluster for as long as that works."""

    _shared: Cluster | None = None
    _own: Cluster | None = None
    _scene: Scene | None = None
    keep: bool = False

    def run(self, run: Run, bug: str = "", patience_s: float = PATIENCE_S) -> Outcome:
        """Take a run to its end; repeat it if its fault did not take place."""
        before: tuple[str, ...] = ()
        for attempt in range(ATTEMPTS):
            began = time.monotonic()
            outcome = self._attempt(run, attempt, bug, patience_s)
            outcome.seconds = time.monotonic() - began
            if not outcome.is_good and not bug and self._shared is not None:
                self._shared.stop()
                self._shared = None
            outcome.before = before
            if outcome.counts:
                break
            before = (*before, outcome.seen)
        return outcome

    def _attempt(self, run: Run, attempt: int, bug: str, patience_s: float) -> Outcome:
        outcome = Outcome(run, Verdict(), bug=bug)
        own = run.fault in (*THREE_NODES, *SMALL_DISK, *OWN_BROKER)
        try:
            cluster = self._cluster(run)
            name = f"chaos-{run.seed}-{run.number}" + (f"-{attempt}" if attempt else "")
            one = self._scene = scene(
                cluster, lambda fair, chance: workloads.draw(run.workload, fair, chance), name, run.chance_seed
            )
            _prepare(one, run, bug)
            one.begin(run.workers)
            seen = FAULTS[run.fault][0](one)
            one.fault_over = one.fault_over or time.monotonic()
            outcome.seen, outcome.kills = seen.what, seen.kills
            outcome.verdict = judge(one, patience_s)
            if seen.problem:
                outcome.verdict.problems.append(seen.problem)
        except NotSeen as error:
            outcome.counts, outcome.seen = False, str(error)
        except Stalled as error:
            outcome.verdict.problems.append(str(error))
        except Unavailable as error:
            outcome.verdict.problems.append(f"Kafka did not come back: {error}")
        finally:
            if self._scene is not None:
                self._scene.end()
                if outcome.is_good and not self.keep:
                    remove(self._scene)
                else:
                    outcome.evidence = str(self._scene.directory)
                self._scene = None
            if own and self._own is not None:
                self._own.stop()
                self._own = None
        return outcome

    def _cluster(self, run: Run) -> Cluster:
        if run.fault in THREE_NODES:
            self._own = Cluster(nodes=3)
            return self._own
        if run.fault in SMALL_DISK:
            self._own = Cluster(disk=True)
            return self._own
        if run.fault in OWN_BROKER:
            self._own = Cluster()
            return self._own
        if self._shared is None:
            self._shared = Cluster()
        return self._shared

    def stop(self) -> None:
        """End everything that runs; may be called from any thread."""
        if self._scene is not None:
            self._scene.end()
            remove(self._scene)
        for cluster in (self._own, self._shared):
            if cluster is not None:
                cluster.stop()
        self._own = self._shared = None


def _prepare(one: Scene, run: Run, bug: str) -> None:
    step = run.fault.removeprefix("failpoint_")
    if step != run.fault:
        one.program = PATCHED
        one.environment = {"CAMPAIGN_FAILPOINT": step, "CAMPAIGN_ARM": str(one.directory / "arm")}
    if bug.startswith("acknowledge"):
        one.feed_bugs = (f"--bug={bug}",)
    elif bug:
        one.program = PATCHED
        one.environment["CAMPAIGN_BUG"] = bug


def table(outcomes: Iterable[Outcome]) -> str:
    """Return the table of a campaign: one row per fault, then the sums as name, tab, number."""
    rows: dict[str, list[Outcome]] = {}
    counted = [outcome for outcome in outcomes if outcome.counts]
    for outcome in counted:
        rows.setdefault(outcome.run.fault, []).append(outcome)
    width = max(map(len, ("fault", *rows)))
    lines = [f"{'fault':<{width}}  runs  kills  lost  double  silent  worst recovery  longest untold"]
    for name in FAULTS:
        if name in rows:
            of = rows[name]
            times = [one.verdict.recovery_s for one in of]
            known = [time for time in times if time is not None]
            worst = "never" if len(known) < len(times) else f"{max(known):.1f} s"
            lines.append(
                f"{name:<{width}}  {len(of):>4}  {sum(one.kills for one in of):>5}"
                f"  {sum(one.verdict.lost for one in of):>4}  {sum(one.verdict.double for one in of):>6}"
                f"  {silent(of):>6}  {worst:>14}  {max(one.verdict.untold_s for one in of):>12.1f} s"
            )
    lines += [
        f"kills\t{sum(one.kills for one in counted)}",
        f"runs\t{len(counted)}",
        f"lost\t{sum(one.verdict.lost for one in counted)}",
        f"double\t{sum(one.verdict.double for one in counted)}",
        f"silent\t{silent(counted)}",
    ]
    return "\n".join(lines)


def silent(outcomes: Sequence[Outcome]) -> str:
    """Return how many times wrong numbers were shown in silence; `?` if that could not be looked at in any run."""
    known = [one.verdict.silent for one in outcomes if one.verdict.silent is not None]
    return str(sum(known)) if known or not outcomes else "?"


def line(outcome: Outcome) -> str:
    """Return a run in one line; a bad one says how to repeat it."""
    run, verdict = outcome.run, outcome.verdict
    state = "ok" if outcome.is_good else "NOT SEEN" if not outcome.counts else "WRONG"
    recovery = "" if verdict.recovery_s is None else f"right after {verdict.recovery_s:4.1f} s"
    text = (
        f"seed {run.seed} run {run.number:>3}  {state:<8}  {run.fault:<35} {run.workload:<11} {run.workers} workers"
        f"  lost {verdict.lost} double {verdict.double}  silent {silent([outcome])}"
        f"  {recovery:<19} {outcome.seconds:5.1f} s  {outcome.seen}"
    )
    if verdict.destroyed:
        text += f"; it destroyed {verdict.destroyed} acknowledged records"
    text += "".join(f"\n    tried before: {why}" for why in outcome.before)
    if not outcome.is_good:
        text += "".join(f"\n    {problem}" for problem in verdict.problems)
        text += f"\n    logs: {outcome.evidence}"
        text += f"\n    repeat: make chaos SEED={run.seed} FAULT={run.fault} RUN={run.number}"
    return text
