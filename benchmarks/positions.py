"""How far the main job is, by the broker's account: committed positions, and records still unread."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)

from schemas import topics
from streams.settings import Settings

Place = tuple[str, int]


@dataclass(frozen=True)
class Moment:
    """Committed positions at a moment of the monotonic clock, in seconds."""

    at: float
    positions: dict[Place, int]

    def passed(self, last: dict[Place, int]) -> bool:
        """Whether each of these records is behind the committed position."""
        return all(self.positions.get(place, 0) > offset for place, offset in last.items())

    def records(self, last: dict[Place, int]) -> int:
        """Offsets that are committed of these topics."""
        return sum(self.positions.get(place, 0) for place in last)


@dataclass
class Positions:
    """The workers' committed positions in all that stages read, kept whenever they moved.

    Asked by a consumer that joins nothing: librdkafka's admin client dies of a coordinator that is
    not ready.
    """

    settings: Settings
    moments: list[Moment] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = self.settings
        self._member = Consumer({"bootstrap.servers": settings.kafka, "group.id": settings.app})
        self._asked = [
            TopicPartition(settings.topic_prefix + name, number)
            for stage in topics.STAGES
            for name in topics.sources(stage)
            for number in range(settings.partitions)
        ]

    def look(self) -> Moment:
        """Ask the group's coordinator once."""
        found = self._member.committed(self._asked, timeout=10)
        moment = Moment(
            time.perf_counter(),
            {(one.topic, one.partition): one.offset for one in found if one.offset >= 0},
        )
        if not self.moments or self.moments[-1].positions != moment.positions:
            self.moments.append(moment)
        return moment


def last_records(kafka: str, names: Iterable[str], partitions: int) -> dict[Place, int]:
    """The offset of the last committed record of each partition that has one.

    Where a transaction's marker lies behind it, the end of the log would never be read up to.
    """
    consumer = Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": "benchmark-last-records",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
        }
    )
    try:
        return {
            (name, number): last
            for name in names
            for number in range(partitions)
            if (last := _last_record(consumer, TopicPartition(name, number))) is not None
        }
    finally:
        consumer.close()


def _last_record(consumer: Consumer, place: TopicPartition) -> int | None:
    """Look back from the end, twice as far each time, as many markers may lie there."""
    start, end = consumer.get_watermark_offsets(place, timeout=10)
    back = 8
    while end > start:
        begin = max(start, end - back)
        found = _read(consumer, TopicPartition(place.topic, place.partition, begin))
        if found or begin == start:
            return max(found, default=None)
        back *= 8
    return None


def _read(consumer: Consumer, place: TopicPartition) -> list[int]:
    """Offsets of the records from here to the end."""
    consumer.assign([place])
    offsets: list[int] = []
    while True:
        for message in consumer.consume(1_000, 1.0):
            error = message.error()
            if error is None:
                offset = message.offset()
                assert offset is not None
                offsets.append(offset)
            elif error.code() == KafkaError._PARTITION_EOF:
                return offsets
            else:
                raise KafkaException(error)
