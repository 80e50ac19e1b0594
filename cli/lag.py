"""How far stages and views are behind the log, in records and in seconds.

Positions alone do not say it: a partition that was written in transactions ends in control records,
which no reader is handed. So a short way to the end is read and counted; a long one is a difference.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    OffsetSpec,
)
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from schemas import topics
from sinks.source import Place
from streams.settings import Settings

SECONDS = 10.0
COUNTED_MOST = 5_000  # positions; more are told as a difference
AT_ONCE = 1_000
PASSING = {  # the group's coordinator moves or wakes up: soon it answers
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
}

Positions = Mapping[Place, int]


class Lag(NamedTuple):
    """What waits: how many records, and how long the oldest of them has been in the log."""

    records: int
    seconds: float


def _passes(error: BaseException) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() in PASSING


coordinated = Retrying(
    retry=retry_if_exception(_passes),
    stop=stop_after_delay(30.0),
    wait=wait_fixed(0.2),
    reraise=True,
)


class Log:
    """Ends and committed positions in the log; topics are named without the prefix."""

    def __init__(self, settings: Settings) -> None:
        self._prefix = settings.topic_prefix
        self._group = settings.app
        self._partitions = settings.partitions
        self._kafka = settings.kafka
        self._admin = AdminClient({"bootstrap.servers": settings.kafka, "log_level": 0})
        self._member = Consumer(  # it joins nothing
            {"bootstrap.servers": settings.kafka, "group.id": settings.app, "log_level": 0}
        )

    def places(self, names: Iterable[str]) -> list[Place]:
        """Every partition of these topics of the stages."""
        return [Place(name, number) for name in names for number in range(self._partitions)]

    def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        """The committed end of each. Raises `KafkaException`."""
        latest = OffsetSpec.latest()
        asked = {self._named(place): latest for place in places}
        found = self._admin.list_offsets(
            asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=SECONDS
        )
        return {self._place(named): done.result().offset for named, done in found.items()}

    def committed(self, places: Iterable[Place]) -> dict[Place, int]:
        """How far the workers' group has come in each; 0 where it never was. Raises `KafkaException`.

        Asked by a consumer: librdkafka's admin client dies of a coordinator that is not ready.
        """
        asked = [self._named(place) for place in places]
        found = coordinated(self._member.committed, asked, timeout=SECONDS)
        return {self._place(named): max(named.offset, 0) for named in found}

    def stages(self) -> dict[str, tuple[dict[Place, int], dict[Place, int]]]:
        """Stage → the workers' positions and the ends, in all that the stage reads."""
        sources = {stage: self.places(topics.sources(stage)) for stage in topics.STAGES}
        every = [place for places in sources.values() for place in places]
        committed, ends = self.committed(every), self.ends(every)
        return {
            stage: (
                {place: committed[place] for place in places},
                {place: ends[place] for place in places},
            )
            for stage, places in sources.items()
        }

    def lag(self, positions: Positions, ends: Positions) -> Lag:
        """What waits between the positions and the ends."""
        behind = {place: end for place, end in ends.items() if positions.get(place, 0) < end}
        left = difference(positions, behind)
        if not left:
            return Lag(0, 0.0)
        counted, oldest = self._read({place: positions.get(place, 0) for place in behind}, behind)
        records = counted if left <= COUNTED_MOST else left
        return Lag(records, max(0.0, time.time() - oldest / 1000) if oldest else 0.0)

    def _read(self, starts: Positions, ends: Positions) -> tuple[int, int]:
        """How many records there are, at most so many, and the least of their timestamps; 0: none."""
        consumer = Consumer(
            {
                "bootstrap.servers": self._kafka,
                "group.id": "memberstream-status",  # asked for by the client; nothing joins it
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 20,
                "log_level": 0,
            }
        )
        counted = oldest = 0
        left = dict(ends)
        until = time.monotonic() + SECONDS
        try:
            consumer.assign(
                [TopicPartition(*self._full(place), offset) for place, offset in starts.items()]
            )
            while left and counted < COUNTED_MOST and time.monotonic() < until:
                for message in consumer.consume(AT_ONCE, 0.1):
                    error = message.error()
                    place = Place(
                        (message.topic() or "").removeprefix(self._prefix), message.partition() or 0
                    )
                    if error is None and (message.offset() or 0) < ends[place]:
                        counted += 1
                        at = message.timestamp()[1]
                        oldest = min(oldest or at, at)
                    elif error is not None and error.code() != KafkaError._PARTITION_EOF:
                        raise KafkaException(error)
                    if (message.offset() or 0) >= ends[place] - 1:
                        left.pop(place, None)
        finally:
            consumer.close()
        return counted, oldest

    def _full(self, place: Place) -> tuple[str, int]:
        return self._prefix + place.topic, place.partition

    def _named(self, place: Place) -> TopicPartition:
        return TopicPartition(*self._full(place))

    def _place(self, named: TopicPartition) -> Place:
        return Place(named.topic.removeprefix(self._prefix), named.partition)


def difference(positions: Positions, ends: Positions) -> int:
    """Positions left to the ends, control records counted."""
    return sum(max(0, end - positions.get(place, 0)) for place, end in ends.items())
