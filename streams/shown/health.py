"""The health of the worker itself, for the engineer on call."""

from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]


class Health:
    """Metrics of the worker process. KPIs are not among them: they are read from state at scrape time.

    Args:
        registry: of the metrics.
        wrong: returns what keeps a worker from being ready although it folds, one sentence each.
    """

    def __init__(self, registry: CollectorRegistry, wrong: Callable[[], Sequence[str]] = tuple) -> None:
        self._wrong = wrong
        self._records = Counter("fair_worker_records", "Records folded by this process.", registry=registry)
        self._chunks = Counter("fair_worker_chunks", "Chunks folded by this process.", registry=registry)
        self._journal_bytes = Counter(
            "fair_worker_journal_bytes", "Bytes that this process appended to the journal.", registry=registry
        )
        self._seconds = Counter(
            "fair_worker_phase_seconds",
            "Seconds spent in each phase: decode, fold.",
            ["phase"],
            registry=registry,
        )
        self._append = Histogram(
            "fair_worker_journal_append_seconds",
            "Seconds until Kafka acknowledged a journal record.",
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=registry,
        )
        self._rebalances = Counter(
            "fair_worker_rebalances", "Rebalances that this process took part in.", registry=registry
        )
        self._recovery = Gauge(
            "fair_worker_recovery_seconds", "Seconds that the last recovery of state took.", registry=registry
        )
        self._ready = Gauge(
            "fair_worker_ready",
            "1 if the worker folds and nothing is wrong, 0 otherwise.",
            registry=registry,
        )
        self._ready.set_function(lambda: self.reason is None)
        self._folds = Gauge(
            "fair_worker_folding",
            "1 if the worker folds, whether or not something is wrong with a topic; 0 while it recovers.",
            registry=registry,
        )
        self._folds.set_function(lambda: self._is_folding)
        self._is_folding = False
        self._rebalance_began: float | None = None

    def chunk_done(self, *, records: int, journal_bytes: int, decode: float, fold: float) -> None:
        """Note a folded chunk, and the seconds that each phase took."""
        self._records.inc(records)
        self._chunks.inc()
        self._journal_bytes.inc(journal_bytes)
        self._seconds.labels("decode").inc(decode)
        self._seconds.labels("fold").inc(fold)

    def appended(self, seconds: float) -> None:
        """Note that Kafka has acknowledged a journal record."""
        self._append.observe(seconds)

    def rebalance_began(self, now: float) -> None:
        """Note that partitions are moving; `now` is a monotonic clock in seconds."""
        self._rebalances.inc()
        self._is_folding = False
        self._rebalance_began = now

    def recovered(self, now: float) -> None:
        """Note that all assigned partitions are recovered and being folded."""
        if self._rebalance_began is not None:
            self._recovery.set(now - self._rebalance_began)
        self._is_folding = True

    @property
    def ready(self) -> bool:
        """Whether the worker has recovered and is folding, with nothing wrong."""
        return self.reason is None

    @property
    def reason(self) -> str | None:
        """Why the worker is not ready; None if it is."""
        if not self._is_folding:
            return "recovering: state is being read from the journal, or partitions are moving"
        return "\n".join(self._wrong()) or None
