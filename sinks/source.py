"""The log as a sink reads it: committed records of whole topics, batch by batch, from given positions.

No group: one process reads every partition, and where it starts is what its own views say (their
cursors are written with their rows). Positions are the log's, not "last offset + 1": a transaction
ends in a control record, which nobody is handed, so a partition's end is told by its EOF event.

    source = Source(kafka, {"outcomes.members": {PointsEarned, …}}, prefix)
    source.start(starts(source.facts, cursors))
    for batch in source.take(0.25): …   # rows and batch.end in one transaction
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import structlog
from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from schemas import codec
from schemas.record import Outcome
from sinks.ending import Broken, Refused

RECORDS_AT_ONCE = 5_000
QUEUED_KILOBYTES = 16_384
QUEUED_RECORDS = 20_000
SECONDS = 30.0
HEADER = codec.SINGLE_OBJECT_HEADER
# What librdkafka tells while it is reconnecting by itself.
PASSING = {
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TRANSPORT,
    KafkaError._RESOLVE,
    KafkaError._TIMED_OUT,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.BROKER_NOT_AVAILABLE,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.NOT_COORDINATOR,
}


class Place(NamedTuple):
    """A partition; the topic's name is without the installation's prefix."""

    topic: str
    partition: int


class TopicFacts(NamedTuple):
    """A topic as it is; one that is deleted and made anew has another id."""

    topic_id: str
    partitions: int


class Cursor(NamedTuple):
    """How far a view has come in a partition, and of which topic that was."""

    position: int
    topic_id: str
    partitions: int


class Heard(NamedTuple):
    """An outcome where it lies; `recorded_at` is the cause's Kafka timestamp, milliseconds."""

    offset: int
    recorded_at: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Batch:
    """All of [start, end) of a partition, less the types that nobody asked for and control records."""

    place: Place
    start: int
    end: int
    heard: list[Heard]
    recorded_at: int  # of its last record of any type; 0: it has none
    caught_up: bool  # the partition's committed end was reached

    def since(self, position: int) -> Batch | None:
        """The part from `position` on, for a view that is ahead of others; None: nothing is left."""
        if position <= self.start:
            return self
        if position >= self.end:
            return None
        heard = [one for one in self.heard if one.offset >= position]
        return replace(self, start=position, heard=heard)


class Source:
    """Every partition of some topics, read by one consumer."""

    def __init__(
        self,
        kafka: str,
        wanted: Mapping[str, Iterable[type[Outcome]]],
        prefix: str = "",
        at_once: int = RECORDS_AT_ONCE,
    ) -> None:
        """Raises `Refused` when a topic is missing. `wanted`: topic → the outcomes to decode."""
        self._prefix = prefix
        self._at_once = at_once
        self._wanted = {topic: frozenset(types) for topic, types in wanted.items()}
        self._known: dict[tuple[str, bytes], bool] = {}
        self._places: dict[tuple[str, int], Place] = {}
        self.positions: dict[Place, int] = {}
        self._at_end: set[Place] = set()
        self.facts = read_facts(kafka, wanted, prefix)
        self._consumer = _consumer(kafka)

    def start(self, positions: Mapping[Place, int]) -> None:
        """Read on from these positions, one for each partition."""
        self.positions = dict(positions)
        self._at_end.clear()
        self._places = {(self._prefix + p.topic, p.partition): p for p in positions}
        self._consumer.assign(
            [
                TopicPartition(self._prefix + place.topic, place.partition, position)
                for place, position in positions.items()
            ]
        )

    def seek(self, positions: Mapping[Place, int]) -> None:
        """Go on from other positions in some partitions, such as those of a view that was lost."""
        self.start(self.positions | dict(positions))

    def take(self, seconds: float) -> list[Batch]:
        """What is there now, one batch a partition; waits up to `seconds` for a first record.

        Raises `Broken` at a record that this version cannot read, `KafkaException` at what does not
        pass by itself.
        """
        messages = self._consumer.consume(1, seconds)
        if messages and self._at_once > 1:
            messages += self._consumer.consume(self._at_once - 1, 0)
        found: dict[tuple[str, int], list[Any]] = {}
        for message in messages:
            at = message.topic(), message.partition()
            if at in self._places:
                found.setdefault(at, []).append(message)
            elif (error := message.error()) is not None:
                self._check(error)
        made = [self._batch(self._places[at], found[at]) for at in found]
        return [batch for batch in made if batch.end > batch.start or batch.caught_up]

    def lag(self) -> dict[Place, int]:
        """Records between each position and the partition's end as it was last heard of.

        None where the committed end was reached: what lies behind it is of an open transaction.
        """
        lags = dict.fromkeys(self.positions, 0)
        for place in self.positions.keys() - self._at_end:
            partition = TopicPartition(self._prefix + place.topic, place.partition)
            end = self._consumer.get_watermark_offsets(partition, cached=True)[1]
            lags[place] = max(0, end - self.positions[place])
        return lags

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()

    def _batch(self, place: Place, messages: list[Any]) -> Batch:
        start = end = self.positions[place]
        heard: list[Heard] = []
        recorded_at, caught_up = 0, False
        for message in messages:
            error = message.error()
            if error is None:
                offset = message.offset()
                recorded_at, end, caught_up = message.timestamp()[1], offset + 1, False
                outcome = self._outcome(place, offset, message.value())
                if outcome is not None:
                    heard.append(Heard(offset, recorded_at, outcome))
            elif error.code() == KafkaError._PARTITION_EOF:
                end, caught_up = max(end, message.offset()), True
            else:
                self._check(error)
        self.positions[place] = end
        (self._at_end.add if caught_up else self._at_end.discard)(place)
        return Batch(place, start, end, heard, recorded_at, caught_up)

    def _outcome(self, place: Place, offset: int, data: bytes | None) -> Outcome | None:
        """The outcome, or None for a type that is not wanted: told by its first ten bytes."""
        try:
            kind = place.topic, (data or b"")[:HEADER]
            wanted = self._known.get(kind)
            if wanted is None:
                wanted = codec.record_type(data) in self._wanted[place.topic]
                self._known[kind] = wanted
            if not wanted:
                return None
            return codec.decode(data)  # type: ignore[return-value]  # the type was looked at
        except codec.Unreadable as unreadable:
            raise Broken(
                f"{self._prefix}{place.topic}/{place.partition}/{offset} cannot be read: "
                f"{unreadable.detail} Only memberstream's own workers write this topic: upgrade the "
                "sinks first, then the workers."
            ) from unreadable

    def _check(self, error: KafkaError) -> None:
        """Let pass what librdkafka mends by itself."""
        if error.code() in PASSING and not error.fatal():
            structlog.get_logger().warning("kafka_away", reason=error.str())
            return
        if error.code() == KafkaError._AUTO_OFFSET_RESET:
            raise Refused(
                f"The log does not hold the position that the view has come to: {error.str()}. "
                "Rebuild the view: `memberstream views rebuild`."
            )
        raise KafkaException(error)


def starts(facts: Mapping[str, TopicFacts], cursors: Mapping[Place, Cursor]) -> dict[Place, int]:
    """Where to start in every partition: its cursor, or the beginning.

    Raises `Refused` when a cursor is of a topic that was made anew or had other partitions: its
    positions mean nothing there.
    """
    for place, cursor in cursors.items():
        now = facts.get(place.topic)
        if now is not None and now != (cursor.topic_id, cursor.partitions):
            raise Refused(
                f"The topic {place.topic} is not the one that the view was made from: it was "
                f"{cursor.topic_id} with {cursor.partitions} partitions and is {now.topic_id} with "
                f"{now.partitions}. Rebuild the view: `memberstream views rebuild`."
            )
    return {
        place: cursors[place].position if place in cursors else 0 for place in all_places(facts)
    }


def all_places(facts: Mapping[str, TopicFacts]) -> list[Place]:
    """Every partition of these topics."""
    return [Place(t, n) for t, found in facts.items() for n in range(found.partitions)]


def read_facts(kafka: str, topics: Iterable[str], prefix: str = "") -> dict[str, TopicFacts]:
    """Each topic's id and partitions. Raises `Refused` when one is missing."""
    names = [prefix + topic for topic in topics]
    admin = AdminClient({"bootstrap.servers": kafka, "log_level": 4})
    found = admin.describe_topics(TopicCollection(names), request_timeout=SECONDS)
    facts = {}
    for name, done in found.items():
        try:
            described = done.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise
            raise Refused(
                f"The topic {name} does not exist on {kafka}. Create the topics first: "
                "`memberstream topics create`."
            ) from error
        facts[name.removeprefix(prefix)] = TopicFacts(
            str(described.topic_id), len(described.partitions)
        )
    return facts


def read_ends(kafka: str, facts: Mapping[str, TopicFacts], prefix: str = "") -> dict[Place, int]:
    """The committed end of every partition now: a cut, up to which a view can be filled."""
    consumer = _consumer(kafka)
    try:
        return {
            place: consumer.get_watermark_offsets(
                TopicPartition(prefix + place.topic, place.partition), timeout=SECONDS
            )[1]
            for place in all_places(facts)
        }
    finally:
        consumer.close()


def _consumer(kafka: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": "memberstream-sinks",  # asked for by the client; nothing joins it
            "client.id": "memberstream-sink",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 30,
            "fetch.queue.backoff.ms": 10,
            "fetch.error.backoff.ms": 100,
            "reconnect.backoff.max.ms": 1000,
            "queued.min.messages": QUEUED_RECORDS,
            "queued.max.messages.kbytes": QUEUED_KILOBYTES,
        }
    )
