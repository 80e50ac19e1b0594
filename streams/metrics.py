"""Figures for Prometheus, touched once a batch and never labelled by member."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from streams.counters import Counters
from streams.stage import Progress

STAGE = ["stage"]
SECONDS_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)

RECORDS = Counter("memberstream_records_total", "Records taken", STAGE)
OUTPUTS = Counter("memberstream_outputs_total", "Records written, changelogs not counted", STAGE)
REACT = Histogram(
    "memberstream_react_seconds", "Reacting, for each pass", STAGE, buckets=SECONDS_BUCKETS
)
COMMIT = Histogram(
    "memberstream_commit_seconds", "Transaction and store", STAGE, buckets=SECONDS_BUCKETS
)
QUEUED = Gauge("memberstream_queued_records", "Records that wait in memory", STAGE)
OWNED = Gauge("memberstream_owned_partitions", "Partitions in work", STAGE)
UNHEARD = Counter("memberstream_unheard_total", "Records that no agent listens to", STAGE)
REPEATS = Counter("memberstream_repeats_total", "Actions dropped: seen before", STAGE)
WAKE_UPS = Counter("memberstream_wake_ups_total", "Keys woken at their due time", STAGE)
PARKED = Counter("memberstream_wake_ups_parked_total", "Wake-ups that raised, put off", STAGE)
DEAD_LETTERS = Counter(
    "memberstream_dead_letters_total", "Records that could not be taken", [*STAGE, "problem"]
)
RESTORED = Counter("memberstream_restored_records_total", "Changelog records restored", STAGE)
RESTORE = Counter("memberstream_restore_seconds_total", "Time spent restoring", STAGE)


class StageMetrics:
    """One stage's figures."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._unheard = UNHEARD.labels(stage)
        self._repeats = REPEATS.labels(stage)
        self._wake_ups = WAKE_UPS.labels(stage)
        self._parked = PARKED.labels(stage)
        self._records = RECORDS.labels(stage)
        self._outputs = OUTPUTS.labels(stage)
        self._react = REACT.labels(stage)
        self._commit = COMMIT.labels(stage)
        self._queued = QUEUED.labels(stage)
        self._owned = OWNED.labels(stage)
        self._restored = RESTORED.labels(stage)
        self._restore = RESTORE.labels(stage)

    def passed(
        self,
        records: int,
        outputs: int,
        react_seconds: float,
        commit_seconds: float,
        progress: Progress,
    ) -> None:
        """After each transaction."""
        self._records.inc(records)
        self._outputs.inc(outputs)
        self._react.observe(react_seconds)
        self._commit.observe(commit_seconds)
        self._queued.set(progress.queued_records)
        self._owned.set(progress.owned)

    def counted(self, counters: Counters) -> None:
        """What a partition's work counted, once it is committed."""
        self._unheard.inc(counters.unheard)
        self._repeats.inc(counters.repeats)
        self._wake_ups.inc(counters.wake_ups)
        self._parked.inc(counters.wake_ups_parked)
        for problem, count in counters.dead_letters.items():
            DEAD_LETTERS.labels(self._stage, problem).inc(count)

    def restored(self, records: int, seconds: float) -> None:
        """After each restore."""
        self._restored.inc(records)
        self._restore.inc(seconds)
