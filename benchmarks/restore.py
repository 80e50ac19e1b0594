"""How fast a worker comes back: with its stores as they are, and with none."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.job import Job


@dataclass(frozen=True)
class Restore:
    """What coming back took."""

    records: int
    records_per_second: float
    cold_seconds: float  # from the process's start until it owns every partition, without stores
    warm_seconds: float  # the same with stores


def measure(job: Job) -> Restore:
    """Start the job's worker twice: with its stores, then after they were deleted."""
    with job.worker() as worker:
        warm = job.owns_all(worker)
    job.lose_stores()
    with job.worker() as worker:
        cold = job.owns_all(worker)
        records = worker.metric("memberstream_restored_records_total")
        seconds = worker.metric("memberstream_restore_seconds_total")
    total = int(sum(records.values()))  # stages restore side by side: the longest counts
    return Restore(total, total / max(seconds.values()), cold, warm)
