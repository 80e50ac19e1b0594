"""Bringing a partition's store up to its changelog, in a thread of its own.

The end is read first, with open transactions counted in; then committed records are read until the
*position* reaches that end, which waits for every transaction that was open to be decided. What is
there locally is kept where it is a prefix of the log, so a warm start reads only the tail.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from rocksdict import Cache

from streams import store as stores
from streams.ending import Refused
from streams.store import Store
from streams.topics import TopicFacts

RECORDS_AT_ONCE = 10_000
HELD_BYTES = 32 * 1024 * 1024  # of a stage: keys and values that are read and not written yet,
AHEAD_RECORDS = 1_000_000  # and the records that were read meanwhile
POLL_SECONDS = 0.02  # a read waits so long for its last records
SECONDS = 30.0


class Cancelled(Exception):
    """The partitions were revoked while they were being restored."""


@dataclass(slots=True)
class Job:
    """One partition to restore: from the store's position to the end as it was at the start."""

    partition: int
    store: Store
    position: int
    end: int
    records: int = 0
    pending: dict[bytes, bytes | None] = field(default_factory=dict)  # the newest of each key
    held_bytes: int = 0  # of `pending`
    ahead: int = 0  # records since the last write

    @property
    def done(self) -> bool:
        """True when nothing that was open at the start is left undecided."""
        return self.position >= self.end

    def take(self, key: bytes, value: bytes | None, position: int) -> None:
        """One more record, and the position behind it."""
        if key not in self.pending:
            self.held_bytes += len(key)
        self.held_bytes += len(value or b"") - len(self.pending.get(key) or b"")
        self.pending[key] = value
        self.position = position
        self.ahead += 1

    def write(self, topic_id: str) -> None:
        """What was read goes into the store, with the position."""
        self.store.write(self.pending.items(), self.position, topic_id)
        self.records += self.ahead
        self.pending, self.held_bytes, self.ahead = {}, 0, 0


def read_ranges(
    kafka: str, partitions: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], tuple[int, int]]:
    """Where each log begins and ends; open transactions count as part of the log.

    Asked by a consumer: librdkafka's admin client takes one to three seconds for it now and then.
    """
    consumer = _open_consumer(kafka, "read_uncommitted")
    try:
        return {
            at: consumer.get_watermark_offsets(TopicPartition(*at), timeout=SECONDS)
            for at in partitions
        }
    finally:
        consumer.close()


def open_stores(
    folder: Path,
    cache: Cache,
    changelog: str,
    facts: TopicFacts,
    ends: Mapping[int, tuple[int, int]],
    oldest_seconds: float,
) -> list[Job]:
    """Open the partitions' stores; `ends`: partition → where its changelog begins and ends.

    Raises `Refused` for a store that is of another changelog.
    """
    jobs: list[Job] = []
    try:
        for partition, (begin, end) in ends.items():
            job = _open(folder / str(partition), cache, begin, end, facts, oldest_seconds)
            job.partition = partition
            jobs.append(job)
    except BaseException:
        for job in jobs:
            job.store.close()
        raise
    return jobs


def _open(
    path: Path, cache: Cache, begin: int, end: int, facts: TopicFacts, oldest_seconds: float
) -> Job:
    store = Store(path, cache)
    written = store.written
    if written is None:
        return Job(-1, store, begin, end)
    if written.topic_id != facts.topic_id:
        store.close()
        raise Refused(
            f"The store {path} belongs to the changelog with topic id {written.topic_id}, and the "
            f"one that is there has {facts.topic_id}: the topics were made anew. Delete the stores "
            "of this data folder, or give MEMBERSTREAM_DATA another one."
        )
    age = time.time() - written.written_at / 1000
    if age > oldest_seconds or not begin <= written.offset <= end:
        store.close()
        stores.drop(path)
        return Job(-1, Store(path, cache), begin, end)
    return Job(-1, store, written.offset, end)


def restore(
    kafka: str,
    changelog: str,
    topic_id: str,
    jobs: Sequence[Job],
    cancelled: threading.Event,
    reach: Callable[[], None],
) -> int:
    """Read every job's changelog up to its end; returns how many records. Raises `Cancelled`."""
    waiting = {job.partition: job for job in jobs if not job.done}
    if waiting:
        consumer = _open_consumer(kafka)
        try:
            consumer.assign(
                [TopicPartition(changelog, job.partition, job.position) for job in jobs]
            )
            while any(not job.done for job in waiting.values()):
                if cancelled.is_set():
                    raise Cancelled
                _read(consumer, waiting)
                if _ahead(waiting.values()):
                    for job in waiting.values():
                        job.write(topic_id)
                reach()
        finally:
            consumer.close()
    for job in jobs:  # also says when: a store that is up to date is not old
        job.position = max(job.position, job.end)
        job.write(topic_id)
    return sum(job.records for job in jobs)


def _open_consumer(kafka: str, isolation: str = "read_committed") -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": "memberstream-restore",  # never joined, nothing is committed
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "isolation.level": isolation,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 50,
            "queued.max.messages.kbytes": 65_536,
        }
    )


def _read(consumer: Consumer, jobs: Mapping[int, Job]) -> None:
    """One fetch."""
    for message in consumer.consume(RECORDS_AT_ONCE, POLL_SECONDS):
        job = jobs.get(message.partition())
        if job is not None:
            _take(message, job)


def _ahead(jobs: Collection[Job]) -> bool:
    """Whether enough was read to be written: for memory's sake, and so that not all is read again."""
    return (
        sum(job.held_bytes for job in jobs) >= HELD_BYTES
        or sum(job.ahead for job in jobs) >= AHEAD_RECORDS
    )


def _take(message: Message, job: Job) -> None:
    error = message.error()
    if error is None:
        job.take(message.key(), message.value(), message.offset() + 1)
    elif error.code() == KafkaError._PARTITION_EOF:
        job.position = max(job.position, message.offset())
    elif not error.retriable() and error.code() != KafkaError._ALL_BROKERS_DOWN:
        raise KafkaException(error)
