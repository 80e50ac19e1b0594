"""Reads a peer's outputs back, read-committed, and says which counts are missing or doubled.

A count per key makes every mistake visible: a key with n events must have said 1, 2, … n, each
once. A lost event is a count that is missing, a repeated one a count that is there twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

Positions = Mapping[int, int]  # partition → offset


@dataclass(frozen=True)
class Verdict:
    """What was found: `missing` and `doubled` are numbers of outputs."""

    outputs: int
    missing: int
    doubled: int

    @property
    def exact(self) -> bool:
        """Nothing is missing or doubled."""
        return self.missing == 0 and self.doubled == 0


@dataclass
class Tally:
    """The counts that were said, one bit a count and key."""

    said: dict[bytes, int] = field(default_factory=dict)
    outputs: int = 0
    doubled: int = 0

    def add(self, key: bytes, count: int) -> None:
        """File one output; a count below 1 cannot be right and counts as doubled."""
        self.outputs += 1
        said = self.said.get(key, 0)
        bit = 1 << count if count > 0 else 0
        if said & bit or not bit:
            self.doubled += 1
        self.said[key] = said | bit

    def verdict(self, expected: Mapping[bytes, int]) -> Verdict:
        """Compare with the number of events of each key; counts beyond it are doubled too."""
        missing, beyond = 0, 0
        for key, events in expected.items():
            wanted = (1 << events + 1) - 2  # bits 1 to events
            said = self.said.get(key, 0)
            missing += (wanted & ~said).bit_count()
            beyond += (said & ~wanted).bit_count()
        strangers = self.said.keys() - expected.keys()
        beyond += sum(self.said[key].bit_count() for key in strangers)
        return Verdict(self.outputs, missing, self.doubled + beyond)


@dataclass
class Outputs:
    """A peer's outputs as they lie in the log: their tally, and where the last one lies."""

    tally: Tally = field(default_factory=Tally)
    before: int = 0  # outputs below the positions asked about
    last: dict[int, int] = field(default_factory=dict)


def read_outputs(bootstrap: str, topic: str, before: Positions) -> Outputs:
    """Read `topic` whole, read-committed; count the outputs that lie below `before`.

    Raises KafkaException on any error of the consumer.
    """
    outputs = Outputs()
    consumer = _consumer(bootstrap)
    names = AdminClient({"bootstrap.servers": bootstrap}).list_topics(topic, timeout=30)
    open_partitions = set(names.topics[topic].partitions)
    consumer.assign([TopicPartition(topic, partition, 0) for partition in open_partitions])
    try:
        while open_partitions:
            for message in consumer.consume(10_000, timeout=1.0):
                _file(outputs, message, before, open_partitions)
    finally:
        consumer.close()
    return outputs


def _consumer(bootstrap: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "benchmark-verifier",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
        }
    )


def _file(outputs: Outputs, message: Message, before: Positions, still_open: set[int]) -> None:
    partition = message.partition()
    error = message.error()
    assert partition is not None
    if error is not None:
        if error.code() != KafkaError._PARTITION_EOF:
            raise KafkaException(error)
        still_open.discard(partition)
        return
    key, value, offset = message.key(), message.value(), message.offset()
    assert key is not None
    assert value is not None
    assert offset is not None
    outputs.tally.add(bytes(key), int(value))
    outputs.last[partition] = offset
    if offset < before.get(partition, 0):
        outputs.before += 1
