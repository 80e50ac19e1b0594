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

Place = tuple[str, int]

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
            "fetch.wait.max.ms": 20,
        }
    )
    try:
        tails = _tails(consumer, _places(consumer, prefix))
    finally:
        consumer.close()
    ticked_at: set[int] = set()
    told: set[str] = set()
    for events in tails.values():
        ticks = [number for number, event in enumerate(events) if isinstance(event, ClockTicked)]
        last = events[ticks[-1]] if ticks else None
        if isinstance(last, ClockTicked) and last.clock != clock:
            raise ReplayRefused(_refusal(last.clock, clock))
        ticked_at.add(last.occurred_at if isinstance(last, ClockTicked) else 0)
        told.update(event.event_id for event in events[ticks[-1] + 1 if ticks else 0 :])
    return Stopped(min(ticked_at), frozenset(told))


def _places(consumer: Consumer, prefix: str) -> list[Place]:
    names = [prefix + topics.actions(stage) for stage in topics.STAGES]
    found = consumer.list_topics(timeout=TIMEOUT_SECONDS).topics
    return [(name, number) for name in names for number in found[name].partitions]


def _refusal(found: str, wanted: str) -> str:
    return (
        f"This log has another clock. Its last tick is of {found!r}, this replay is {wanted!r}. "
        "Give the same --orders and --seed to go on with that one, or start with an empty platform: "
        "memberstream down --erase, then memberstream up --no-clock."
    )


def _tails(consumer: Consumer, places: list[Place]) -> dict[Place, list[Event]]:
    """Each partition's last actions, from before its last tick on; all of them where it has none."""
    bounds = {
        place: consumer.get_watermark_offsets(TopicPartition(*place), timeout=TIMEOUT_SECONDS)
        for place in places
    }
    tails: dict[Place, list[Event]] = {}
    look, wanted = FIRST_LOOK, list(places)
    while wanted:
        starts = {place: max(bounds[place][0], bounds[place][1] - look) for place in wanted}
        tails |= _read(consumer, starts)
        wanted = [
            place
            for place in wanted
            if starts[place] > bounds[place][0]
            and not any(isinstance(event, ClockTicked) for event in tails[place])
        ]
        look *= 4
    return tails


def _read(consumer: Consumer, starts: dict[Place, int]) -> dict[Place, list[Event]]:
    """All actions from these offsets to the ends; what cannot be read is not the replay's."""
    consumer.assign([TopicPartition(*place, offset) for place, offset in starts.items()])
    events: dict[Place, list[Event]] = {place: [] for place in starts}
    reading = set(starts)
    while reading:
        message = consumer.poll(TIMEOUT_SECONDS)
        if message is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, "reading the end of the log"))
        place = (message.topic() or "", message.partition() or 0)
        error = message.error()
        if error is None:
            events[place] += _event(message.value())
        elif error.code() == KafkaError._PARTITION_EOF:
            reading.discard(place)
        else:
            raise KafkaException(error)
    return events


def _event(value: bytes | None) -> list[Event]:
    try:
        record = codec.decode(value)
    except codec.Unreadable:
        return []
    return [record] if isinstance(record, Event) else []
