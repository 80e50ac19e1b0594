"""Send actions through the Emitter and say what followed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from confluent_kafka import Consumer, TopicPartition

from cli.following import Followed, Follower
from cli.terminal import say
from schemas import codec, topics
from schemas.actions import ClockTicked
from schemas.emitter import Emitter
from schemas.record import Event
from streams.clock import CLOCK
from streams.settings import Settings

SECONDS = 10.0
LOOKED_AT = 500  # positions from the end in which a tick is looked for


def send(settings: Settings, actions: Sequence[Event]) -> Followed:
    """Send them in their order and listen. Raises `DeliveryFailed`, `KafkaException`."""
    with Follower(settings) as follower:
        with Emitter(settings.kafka, prefix=settings.topic_prefix) as emitter:
            for action in actions:
                emitter.emit(action)
        return follower.follow(action.event_id for action in actions)


def shown(followed: Followed) -> None:
    """Tell what followed."""
    if not followed.passed:
        say(
            "Sent. The workers have not come to it yet: they will, when they run "
            "(memberstream status)."
        )
    counted = Counter(type(outcome).__name__ for outcome in followed.outcomes)
    for name, count in counted.items():
        say(f"{count:6,} {name}")
    _letters(followed)
    if followed.passed and not counted and not followed.dead_letters:
        say("Taken; nothing followed: it was sent before, or nobody needs it.")


def _letters(followed: Followed) -> None:
    """Each reason once: what goes into every partition is refused in every partition."""
    reasons = Counter((letter.problem, letter.detail) for letter in followed.dead_letters)
    for (problem, detail), count in reasons.items():
        say(f"{count:6,} dead letters, {problem}: {detail}")
    if reasons:
        say("See: memberstream dead-letters list.")


def time_of(settings: Settings) -> int:
    """What time it is for this installation, in milliseconds: a replay's, where that is the clock.

    Read from the newest ticks in one partition; before the first tick it is the real time.
    """
    place = TopicPartition(settings.topic_prefix + topics.actions(topics.STAGES[-1]), 0)
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka,
            "group.id": "memberstream-time",  # asked for by the client; nothing joins it
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    now, ticked_at = time.time_ns() // 1_000_000, 0
    try:
        start, end = consumer.get_watermark_offsets(place, timeout=SECONDS)
        place.offset = max(start, end - LOOKED_AT)
        consumer.assign([place])
        while (message := consumer.poll(SECONDS)) is not None and message.error() is None:
            tick = _tick(message.value())
            if tick is not None:
                ticked_at = now if tick.clock == CLOCK else tick.occurred_at
    finally:
        consumer.close()
    return ticked_at or now


def _tick(data: bytes | None) -> ClockTicked | None:
    try:
        record = codec.decode(data)
    except codec.Unreadable:
        return None
    return record if isinstance(record, ClockTicked) else None
