"""Ask the log where a replay stopped, so that starting it again doubles nothing.

Ticks name their replay and are written into every partition in one transaction, after all actions
before them. So the last tick of each partition, and what follows it there, say all that was told.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from schemas import codec, topics
from schemas.actions import ClockTicked
from schemas.record import Event

TIMEOUT_SECONDS = 10.0
FIRST_LOOK = 256


class ReplayRefused(RuntimeError):
    """This replay must not be written into this log; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Everything before `ticked_at` was told, and the actions in `told` after it; 0: nothing yet."""

    ticked_at: int = 0
    told: frozenset[str] = field(default_factory=frozenset)


def stopped(bootstrap: str, prefix: str, clock: str) -> Stopped:
    """Where the replay whose ticks are called `clock` stopped in this log.

    Raises `ReplayRefused` when another replay, or the real clock, has ticked here.
    """
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"{prefix}replay-reader",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    try:
        ticked_at: set[int] = set()
        told: set[str] = set()
        for place in _places(consumer, prefix):
            tick, after = _tail(consumer, place)
            if tick is not None and tick.clock != clock:
                raise ReplayRefused(_refusal(tick.clock, clock))
            ticked_at.add(0 if tick is None else tick.occurred_at)
            told.update(event.event_id for event in after)
        return Stopped(min(ticked_at), frozenset(told))
    finally:
        consumer.close()


def _places(consumer: Consumer, prefix: str) -> list[TopicPartition]:
    names = [prefix + topics.actions(stage) for stage in topics.STAGES]
    found = consumer.list_topics(timeout=TIMEOUT_SECONDS).topics
    return [TopicPartition(name, number) for name in names for number in found[name].partitions]


def _refusal(found: str, wanted: str) -> str:
    return (
        f"This log has another clock. Its last tick is of {found!r}, this replay is {wanted!r}. "
        "Give the same --orders and --seed to go on with that one, or start with an empty platform: "
        "memberstream down --erase, then memberstream up."
    )


def _tail(consumer: Consumer, place: TopicPartition) -> tuple[ClockTicked | None, list[Event]]:
    """The partition's last tick and the actions after it; looks further back until it finds one."""
    low, high = consumer.get_watermark_offsets(place, timeout=TIMEOUT_SECONDS)
    look = FIRST_LOOK
    while True:
        start = max(low, high - look)
        events = _read(consumer, TopicPartition(place.topic, place.partition, start))
        ticks = [number for number, event in enumerate(events) if isinstance(event, ClockTicked)]
        if ticks:
            last = events[ticks[-1]]
            assert isinstance(last, ClockTicked)
            return last, events[ticks[-1] + 1 :]
        if start == low:
            return None, events
        look *= 4


def _read(consumer: Consumer, start: TopicPartition) -> list[Event]:
    """All actions from `start` to the partition's end; what cannot be read is not the replay's."""
    consumer.assign([start])
    events: list[Event] = []
    while True:
        message = consumer.poll(TIMEOUT_SECONDS)
        if message is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"reading {start.topic}"))
        error = message.error()
        if error is None:
            event = _event(message.value())
            if event is not None:
                events.append(event)
        elif error.code() == KafkaError._PARTITION_EOF:
            return events
        else:
            raise KafkaException(error)


def _event(value: bytes | None) -> Event | None:
    try:
        record = codec.decode(value)
    except codec.Unreadable:
        return None
    return record if isinstance(record, Event) else None
