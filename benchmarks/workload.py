"""The work that the engine and its peers share: count per key, one output an event.

The input is written once, by one loader, before anybody starts, so that no peer waits for a
producer. Keys are drawn from a seed; values are bytes that nobody needs to decode, so that no
peer pays for a format.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from confluent_kafka import Producer

from benchmarks.broker import create_topic

KEYS = 50_000
EVENT_BYTES = 150
SEED = 1


@dataclass(frozen=True)
class Work:
    """What is to be counted: `events` records in `topic`."""

    topic: str
    events: int

    def keys(self) -> Iterator[bytes]:
        """The key of each event in order; the same for the same number of events."""
        drawn = random.Random(SEED).choices(range(KEYS), k=self.events)
        return (b"member-%05d" % number for number in drawn)

    def counts(self) -> dict[bytes, int]:
        """What every pipeline must arrive at: key → number of its events."""
        return dict(Counter(self.keys()))


def load(bootstrap: str, work: Work) -> None:
    """Write the events of `work` into its new topic, murmur2 as every producer of ours.

    Raises RuntimeError when an event was not acknowledged.
    """
    create_topic(bootstrap, work.topic)
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "partitioner": "murmur2",
            "enable.idempotence": True,
            "linger.ms": 20,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    value = b"x" * EVENT_BYTES
    for number, key in enumerate(work.keys()):
        while True:
            try:
                producer.produce(work.topic, value, key)
                break
            except BufferError:
                producer.poll(0.1)
        if number % 10_000 == 0:
            producer.poll(0)
    if producer.flush(120):
        raise RuntimeError(f"{work.topic}: the loader's events were not all acknowledged")
