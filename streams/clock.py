"""The clock: one process that writes the time into every partition of every actions topic.

Agents know the time from ticks alone. A tick is one transaction over all partitions, so no partition
lives in another hour; a missing, late or doubled tick changes only how soon something happens.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas import topics
from schemas.actions import ClockTicked
from schemas.codec import encode

CLOCK = "clock"
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_OID, "memberstream.clock")
TIMEOUT_SECONDS = 30.0
TRANSACTION_TIMEOUT_SECONDS = 10

Delivered = Callable[[KafkaError | None, Message], None]


class TopicMissing(RuntimeError):
    """An actions topic does not exist; the text says which and what to do."""


class Ticks:
    """Writes ticks with a producer whose transaction its owner begins and commits."""

    def __init__(
        self,
        producer: Producer,
        prefix: str,
        clock: str = CLOCK,
        stages: Iterable[str] = topics.STAGES,
    ) -> None:
        """Raises `TopicMissing`, `KafkaException`."""
        self._producer = producer
        self._clock = clock
        self.partitions = _partitions(producer, prefix, stages)

    def write(self, at: int, on_delivery: Delivered | None = None) -> int:
        """A tick at `at` (ms, UTC) for every partition; returns how many records that is."""
        data: dict[int, bytes] = {}
        written, key = 0, self._clock.encode()
        options: dict[str, Any] = {} if on_delivery is None else {"on_delivery": on_delivery}
        for topic, count in self.partitions.items():
            for partition in range(count):
                if partition not in data:
                    data[partition] = encode(tick(self._clock, at, partition))
                self._producer.produce(topic, data[partition], key, partition, **options)
                written += 1
        return written


def tick(clock: str, at: int, partition: int) -> ClockTicked:
    """A partition's tick; the same moment in the same partition has the same id, whoever ticks."""
    event_id = str(uuid.uuid5(NAMESPACE, f"{clock}/{partition}/{at}"))
    return ClockTicked(event_id=event_id, clock=clock, occurred_at=at)


def moments(seconds: float, stop: threading.Event) -> Iterator[int]:
    """The time every so many seconds, in ms, always later than the one before, until `stop`."""
    last = 0
    while not stop.is_set():
        now = time.time_ns() // 1_000_000
        if now > last:
            last = now
            yield now
        stop.wait(seconds - time.time() % seconds)


def run(
    bootstrap: str,
    *,
    prefix: str = "",
    seconds: float = 1.0,
    stop: threading.Event,
    ticked: Callable[[int], None] = lambda _at: None,
) -> None:
    """Tick until `stop` is set. A second clock takes over from the first, which then raises.

    Raises `TopicMissing`, `KafkaException` (fenced, or Kafka away for longer than the timeout).
    """
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "transactional.id": f"{prefix}clock",
            "transaction.timeout.ms": TRANSACTION_TIMEOUT_SECONDS * 1000,
            "linger.ms": 0,
        }
    )
    ticks = Ticks(producer, prefix)
    producer.init_transactions(TIMEOUT_SECONDS)
    for at in moments(seconds, stop):
        producer.begin_transaction()
        ticks.write(at)
        producer.commit_transaction(TIMEOUT_SECONDS)
        ticked(at)


def _partitions(producer: Producer, prefix: str, stages: Iterable[str]) -> dict[str, int]:
    found = producer.list_topics(timeout=TIMEOUT_SECONDS).topics
    counts = {}
    for name in (prefix + topics.actions(stage) for stage in stages):
        if name not in found:
            raise TopicMissing(
                f"The topic {name} does not exist. Ticks go into the topics of a platform. "
                "Create them: memberstream topics create."
            )
        if found[name].error is not None:
            raise KafkaException(found[name].error)
        counts[name] = len(found[name].partitions)
    return counts
