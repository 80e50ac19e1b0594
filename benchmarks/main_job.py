"""The main job: every agent, Avro in and out, exactly once, in one worker process.

Actions lie ready; the rate is theirs from the first committed position to the moment when all of them,
and all that they sent to other keys, is committed. Then the same worker runs at stated rates, and probes
say how long an action takes to Redis. Then it comes back with and without its stores.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import psutil
from rich.console import Console

from benchmarks import restore
from benchmarks.account import Account, of_job
from benchmarks.broker import delete_topics
from benchmarks.costs import Costs, read_costs
from benchmarks.job import Job, Worker, open_job
from benchmarks.latency import Latency, Probing
from benchmarks.loader import Loaded, Loader
from benchmarks.mix import Mix
from benchmarks.positions import Moment, Positions, last_records
from local.platform import Platform
from schemas import topics

ACTIONS = 150_000
QUIET_RATE = 200.0
PROBING_SECONDS = 15.0
LOOK_SECONDS = 0.1
STILL_SECONDS = 2.0  # nothing moves for so long: what was sent to other keys is done too
STALL_SECONDS = 60.0


@dataclass
class MainJob:
    """What was found; None where the run did not come so far, and `failed` says why."""

    actions: int = 0
    actions_per_second: float = 0.0
    seconds: float = 0.0
    processor_seconds: float = 0.0
    bytes_peak: int = 0
    account: Account = field(default_factory=Account)
    costs: Costs = field(default_factory=lambda: Costs([], []))
    at_quiet_rate: Latency | None = None
    at_half_load: Latency | None = None
    restored: restore.Restore | None = None
    paid: Paid | None = None


@dataclass(frozen=True)
class Paid:
    """The same mix with a payment behind every purchase, examined through its tokens, at full speed."""

    actions: int  # payments among them
    actions_per_second: float
    account: Account


def measure(platform: Platform, actions: int, console: Console) -> MainJob:
    """Run the main job on this platform. Raises `RuntimeError` when its worker dies or stalls."""
    job = open_job(platform.addresses, platform.folder)
    found = MainJob(actions=actions)
    try:
        console.print(f"main job: writing {actions:,} actions …", style="dim")
        mix = Mix()
        loader = Loader(job.settings.kafka, job.settings.topic_prefix)
        opened = _open_shop(job, loader)
        loaded = loader.write(mix, actions)
        console.print("main job: at full speed …", style="dim")
        with job.worker() as worker:
            _at_full_speed(job, worker, loaded, opened, found)
            console.print("main job: time to Redis …", style="dim")
            _to_redis(job, worker, platform, Probing(job, mix, loaded.ends_at), found)
            found.bytes_peak = worker.bytes_peak()
        console.print("main job: coming back …", style="dim")
        found.restored = restore.measure(job)
    finally:
        delete_topics(job.settings.kafka, job.settings.topic_prefix)
    console.print("main job: with payments …", style="dim")
    found.paid = measure_paid(platform, actions)
    return found


def measure_paid(platform: Platform, actions: int) -> Paid:
    """A job of its own, so that both begin alike. Raises `RuntimeError` as `measure` does."""
    job = open_job(platform.addresses, platform.folder)
    found = MainJob(actions=actions)
    try:
        loader = Loader(job.settings.kafka, job.settings.topic_prefix)
        opened = _open_shop(job, loader)
        loaded = loader.write(Mix(paid=True), actions)
        with job.worker() as worker:
            _at_full_speed(job, worker, loaded, opened, found)
    finally:
        delete_topics(job.settings.kafka, job.settings.topic_prefix)
    return Paid(actions, found.actions_per_second, found.account)


def _open_shop(job: Job, loader: Loader) -> int:
    """Let a worker take the opening, so that no order comes before its product's stock.

    Returns how many records that was.
    """
    opened = loader.open_shop()
    with job.worker() as worker:
        job.owns_all(worker)  # so the group's coordinator is there when it is asked
        _until_still(Positions(job.settings), worker, opened, 0)
    return sum(offset + 1 for offset in opened.last.values())


def _at_full_speed(job: Job, worker: Worker, loaded: Loaded, opened: int, found: MainJob) -> None:
    positions = Positions(job.settings)
    first, last, used = _until_still(positions, worker, loaded, opened)
    inside = [job.settings.topic_prefix + topics.repartition(stage) for stage in topics.STAGES]
    unread = last_records(job.settings.kafka, inside, job.settings.partitions)
    if not last.passed(loaded.last | unread):
        raise RuntimeError("The main job stands still and has not read all there is to read.")
    taken = last.records(loaded.last) - first.records(loaded.last)
    share = taken / (last.records(loaded.last) - opened)
    found.seconds = last.at - first.at
    found.actions_per_second = share * found.actions / found.seconds
    found.processor_seconds = used
    found.bytes_peak = worker.bytes_peak()
    found.account = of_job(job.settings.kafka, job.settings.topic_prefix, loaded.actions)
    found.costs = read_costs(job.profile)


def _until_still(
    positions: Positions, worker: Worker, loaded: Loaded, before: int
) -> tuple[Moment, Moment, float]:
    """The first moment at which more than `before` was committed, the last one, and the processor
    seconds between them.
    """
    used: dict[float, float] = {}
    started = time.perf_counter()
    while True:
        moment = positions.look()
        kept = positions.moments[-1]
        if moment is kept:
            used[moment.at] = worker.processor_seconds()
        still = moment.at - kept.at
        if moment.passed(loaded.last) and still > STILL_SECONDS:
            break
        if min(still, moment.at - started) > STALL_SECONDS:
            raise RuntimeError(f"The main job stands still: {worker.said()}")
        time.sleep(LOOK_SECONDS)
    first = next(m for m in positions.moments if m.records(loaded.last) > before)
    return first, kept, used[kept.at] - used[first.at]


def _to_redis(
    job: Job, worker: Worker, platform: Platform, probing: Probing, found: MainJob
) -> None:
    broker, valkey = platform.kafka.server.process, platform.valkey.server.process
    with job.redis_sink() as sink:
        probing.caught_up()
        running = {"worker": psutil.Process(worker.pid), "redis sink": sink}
        running |= {"broker": broker} if broker is not None else {}
        running |= {"valkey": valkey} if valkey is not None else {}
        found.at_quiet_rate = probing.measure(QUIET_RATE, PROBING_SECONDS, running)
        half = found.actions_per_second / 2
        found.at_half_load = probing.measure(half, PROBING_SECONDS, running)
