"""What follows from an action that was just sent: its outcomes, or its dead letter.

The ends of the outcomes and dead letters are noted before the action is sent, and read from there on
until the workers have passed it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from confluent_kafka import Consumer, TopicPartition

from cli.lag import Log
from schemas import codec, topics
from schemas.dead_letters import DeadLettered
from schemas.record import Outcome
from sinks.source import Place
from streams.settings import Settings

WAIT_SECONDS = 15.0
LINGER_SECONDS = 0.5  # after the workers have passed it: what follows across stages
LOOK_SECONDS = 0.1


@dataclass
class Followed:
    """What was heard; `passed` is False when the workers did not come to it in time."""

    passed: bool = False
    outcomes: list[Outcome] = field(default_factory=list)
    dead_letters: list[DeadLettered] = field(default_factory=list)


class Follower:
    """Opened before something is sent."""

    def __init__(self, settings: Settings) -> None:
        """Raises `KafkaException`."""
        self._prefix = settings.topic_prefix
        self._log = Log(settings)
        self._early: dict[str, list[Outcome]] = {}  # by cause, of all that is said in these seconds
        self._inside = {self._prefix + topics.repartition(stage) for stage in topics.STAGES}
        inside = map(topics.repartition, topics.STAGES)  # what is said to another key alone
        places = self._log.places([*map(topics.outcomes, topics.STAGES), topics.ALERTS, *inside])
        once = [Place(name, 0) for name in (*topics.BROADCASTS, topics.DEAD_LETTERS)]
        ends = self._log.ends([*places, *once])  # what is broadcast lies in every partition alike
        self._actions = self._log.places(map(topics.actions, topics.STAGES))
        self._consumer = Consumer(
            {
                "bootstrap.servers": settings.kafka,
                "group.id": "memberstream-follower",  # asked for by the client; nothing joins it
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 50,
            }
        )
        self._consumer.assign(
            [TopicPartition(self._prefix + p.topic, p.partition, end) for p, end in ends.items()]
        )

    def follow(
        self,
        event_ids: Iterable[str],
        *,
        sources: Iterable[str] = (),
        seconds: float = WAIT_SECONDS,
    ) -> Followed:
        """Listen until the workers have passed all that is in the actions topics now.

        Heard is what was caused by these events, and dead letters of records at these places.
        """
        causes, found = {*event_ids, *sources} - {""}, Followed()
        ends = self._log.ends(self._actions)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._hear(causes, found)
            if not found.passed and not self._log.lag(self._log.committed(ends), ends).records:
                found.passed = True
                until = min(until, time.monotonic() + LINGER_SECONDS)
        return found

    def _hear(self, causes: set[str], found: Followed) -> None:
        for message in self._consumer.consume(1_000, LOOK_SECONDS):
            if message.error() is not None:
                continue
            match codec.decode(message.value()):
                case DeadLettered() as letter:
                    if letter.caused_by in causes or letter.source in causes:
                        found.dead_letters.append(letter)
                case Outcome(KEPT=kept) as outcome:
                    if kept is (
                        message.topic() not in self._inside
                    ):  # what is kept lies there twice
                        self._take(outcome, causes, found)
                case _:
                    pass  # an action lies in no topic that is read here

    def _take(self, outcome: Outcome, causes: set[str], found: Followed) -> None:
        """Topics have no common order: an outcome may be heard before what it was caused by."""
        cause = getattr(outcome, "caused_by", "")
        if cause not in causes:
            self._early.setdefault(cause, []).append(outcome)
            return
        causes.add(outcome.event_id)
        found.outcomes.append(outcome)
        for later in self._early.pop(outcome.event_id, []):
            self._take(later, causes, found)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()
