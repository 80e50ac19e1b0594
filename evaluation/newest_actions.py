"""An installation's newest actions, read from the log: those of all partitions, in the order of time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from confluent_kafka import Consumer, TopicPartition

from evaluation.committed import read_on, reader
from replay.steps import occurred_at
from schemas import codec, topics
from schemas.record import Event

SECONDS = 30.0


def newest_actions(
    kafka: str, partitions: int, count: int, kinds: tuple[type[Event], ...], *, prefix: str = ""
) -> list[Event]:
    """Those of these kinds among the last `count` of what was told to members. Raises `KafkaException`.

    Each partition gives its share, so of a shop whose members are few it may be somewhat less. What cannot
    be read is left out: the workers have made a dead letter of it.
    """
    topic = prefix + topics.actions("members")
    consumer = reader(kafka, "memberstream-dry-run")
    try:
        places = [
            _from_end(consumer, TopicPartition(topic, number), -(-count // partitions))
            for number in range(partitions)
        ]
        return sorted(_read(consumer, places, kinds), key=occurred_at)
    finally:
        consumer.close()


def _from_end(consumer: Consumer, place: TopicPartition, count: int) -> TopicPartition:
    start, end = consumer.get_watermark_offsets(place, timeout=SECONDS)
    place.offset = max(start, end - count)
    return place


def _read(
    consumer: Consumer, places: list[TopicPartition], kinds: tuple[type[Event], ...]
) -> Iterator[Event]:
    seen: set[str] = set()
    for message in read_on(consumer, places, SECONDS):
        with suppress(codec.Unreadable):
            record = codec.decode(message.value())
            if isinstance(record, kinds) and record.event_id not in seen:
                seen.add(record.event_id)
                yield record
