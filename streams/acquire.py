"""Taking partitions over: read where their changelogs end, restore, check, seek; only then fetch.

Runs in the background, outside the lock of the worker's loop and outside Faust's callbacks, so that
heartbeats go on; a revocation cancels it. Whatever a former owner had open is decided by the time it
is done.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from faust.types import TP
from rocksdict import Cache

from streams.behaviour import PartitionWork
from streams.ending import Refused
from streams.failpoints import Failpoints
from streams.metrics import StageMetrics
from streams.offset_commit import Membership
from streams.restore import Cancelled, Job, open_stores, read_ranges, restore
from streams.settings import Settings
from streams.stage import StageSpec
from streams.store import Source, Store
from streams.topics import TopicFacts

Seek = Callable[[Mapping[TP, int], Membership], Awaitable[bool]]


@dataclass(slots=True)
class Acquired:
    """A partition whose store is what its log says."""

    partition: int
    membership: Membership
    store: Store
    work: PartitionWork
    sources: dict[str, Source]
    changelog_offset: int


class Acquirer:
    """Acquires a stage's partitions for one worker."""

    def __init__(
        self,
        spec: StageSpec,
        settings: Settings,
        facts: dict[str, TopicFacts],
        folder: Path,
        cache: Cache,
        seek: Seek,
        failpoints: Failpoints,
    ) -> None:
        self._spec = spec
        self._settings = settings
        self._facts = facts
        self._folder = folder / spec.name
        self._cache = cache
        self._seek = seek
        self._failpoints = failpoints

    async def acquire(
        self, partitions: frozenset[int], membership: Membership, metrics: StageMetrics
    ) -> list[Acquired]:
        """The partitions, restored and sought; none when the group has moved on meanwhile.

        Raises `Refused` where log and store do not belong together.
        """
        cancelled = threading.Event()
        restoring = asyncio.ensure_future(
            asyncio.to_thread(self._restore, sorted(partitions), cancelled, metrics)
        )
        try:
            jobs = await asyncio.shield(restoring)
        except asyncio.CancelledError:
            cancelled.set()
            await _close_when_done(restoring)
            raise
        try:
            return await self._open(jobs, membership)
        except BaseException:
            for job in jobs:
                job.store.close()
            raise

    def _restore(
        self, partitions: list[int], cancelled: threading.Event, metrics: StageMetrics
    ) -> list[Job]:
        """In a thread: open the stores and bring them up to their changelogs' ends."""
        kafka, changelog = self._settings.kafka, self._spec.changelog
        logs = [(changelog, partition) for partition in partitions]
        found = read_ranges(kafka, logs)
        jobs = open_stores(
            self._folder,
            self._cache,
            changelog,
            self._facts[changelog],
            {partition: found[changelog, partition] for partition in partitions},
            self._settings.tombstone_retention_seconds / 2,
        )
        started = perf_counter()
        try:
            records = restore(
                kafka, changelog, self._facts[changelog].topic_id, jobs, cancelled,
                lambda: self._failpoints.reach("in-restore", (self._spec.name,)),
            )  # fmt: skip
        except BaseException:
            for job in jobs:
                job.store.close()
            raise
        metrics.restored(records, perf_counter() - started)
        return jobs

    async def _open(self, jobs: list[Job], membership: Membership) -> list[Acquired]:
        """Take restored partitions into work and let fetching start where their stores are."""
        begins = await asyncio.to_thread(self._begins, [job.partition for job in jobs])
        acquired = []
        for job in jobs:
            sources = self._sources(job, begins)
            work = self._spec.behaviour.open(job.partition, job.store)
            offset = max(job.position, job.end)
            acquired.append(Acquired(job.partition, membership, job.store, work, sources, offset))
            await asyncio.sleep(0)
        positions = {
            TP(topic, one.partition): source.offset
            for one in acquired
            for topic, source in one.sources.items()
        }
        if not await self._seek(positions, membership):
            raise Cancelled
        return acquired

    def _begins(self, partitions: list[int]) -> dict[tuple[str, int], int]:
        logs = [(topic, partition) for topic in self._spec.sources for partition in partitions]
        found = read_ranges(self._settings.kafka, logs)
        return {at: begin for at, (begin, _) in found.items()}

    def _sources(self, job: Job, begins: Mapping[tuple[str, int], int]) -> dict[str, Source]:
        """Where to read on, checked against the topics that are there."""
        stored = job.store.sources
        sources = {}
        for topic in self._spec.sources:
            facts, begin = self._facts[topic], begins[topic, job.partition]
            found = stored.get(topic)
            if found is None:
                found = Source(begin, facts.topic_id, facts.partitions)
            _check(topic, job.partition, found, facts, begin)
            sources[topic] = found
        return sources


def _check(topic: str, partition: int, found: Source, facts: TopicFacts, begin: int) -> None:
    if found.topic_id != facts.topic_id:
        raise Refused(
            f"{topic} is another topic than the one that was read so far (topic id "
            f"{facts.topic_id}, was {found.topic_id}): new events would look like repeats. "
            "To begin anew, start on empty topics and views: what was said once is not unsaid."
        )
    if found.partitions != facts.partitions:
        raise Refused(
            f"{topic} has {facts.partitions} partitions and had {found.partitions}: keys would "
            "move. Migrate into new topics."
        )
    if begin > found.offset:
        raise Refused(
            f"{topic}/{partition} begins at {begin}, and {found.offset} is the next to read: "
            "what lay between was deleted, perhaps unread. Restore the topic. To begin anew, start on "
            "empty topics and views: what was said once is not unsaid."
        )


async def _close_when_done(restoring: asyncio.Future[list[Job]]) -> None:
    """The thread ends by itself; what it opened must not stay open."""
    try:
        jobs = await asyncio.shield(restoring)
    except Cancelled:
        return
    for job in jobs:
        job.store.close()
