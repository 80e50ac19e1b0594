"""From bytes to an event, or to the reason why not: decode, then the checks in their order.

What comes from outside and cannot be taken becomes a dead letter. Repartition topics and those of
broadcast outcomes have inside writers only: what cannot be taken from there stops the process, as it
shows a reader that is older than its writers, or a bug.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas import codec
from schemas.actions import ClockTicked
from schemas.dead_letters import DeadLetterProblem
from schemas.record import Event, Outcome
from streams.behaviour import Record
from streams.identity import partition_of
from streams.outbox import RECORD_BYTES_MOST
from streams.plan import Plan
from streams.state import Clock
from streams.trouble import InsideBroken

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far from its partition's time an action may be, milliseconds.

    `ahead` counts from the moment at which the next tick is expected: the last one and its
    distance to the one before it, of which at most `tick` counts. So hourly ticks refuse nothing
    of the hour. After the very first tick that distance counts as `tick`.
    """

    ahead: int = 5 * MINUTE
    tick: int = HOUR
    behind: int = 400 * DAY


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a record is not taken."""

    problem: DeadLetterProblem
    detail: str
    event_id: str = ""


class Intake:
    """The door of one partition of a stage."""

    def __init__(
        self, plan: Plan, partition: int, bounds: Bounds, registry: codec.Registry | None = None
    ) -> None:
        self._plan = plan
        self._partition = partition
        self._bounds = bounds
        self._registry = registry

    def read(self, record: Record) -> Event | Outcome | Refusal:
        """The event of a record, or why it is none.

        Raises `InsideBroken`, and what the schema registry raises when it cannot be asked: the
        record may be good, so it stays to be read again.
        """
        found = self._read(record)
        if isinstance(found, Refusal) and record.topic in self._plan.inside_topics:
            raise InsideBroken(
                f"{record.topic}/{record.partition}/{record.offset}: {found.detail} All writers of "
                "this topic are inside: upgrade this worker before what writes to it."
            )
        return found

    def _read(self, record: Record) -> Event | Outcome | Refusal:
        value = record.value
        if value is not None and len(value) > RECORD_BYTES_MOST:  # before time is spent on it
            return Refusal(
                DeadLetterProblem.OVERSIZE,
                f"The record has {len(value)} bytes, {RECORD_BYTES_MOST} are allowed.",
            )
        try:
            event = codec.decode(value, self._registry)
        except codec.Unreadable as error:
            return Refusal(DeadLetterProblem(error.problem), error.detail)
        return self._misplaced(record, event) or event

    def _misplaced(self, record: Record, event: Event | Outcome) -> Refusal | None:
        if event.STAGE not in (self._plan.name, "") or not self._is_source(record.topic, event):
            return Refusal(
                DeadLetterProblem.WRONG_TOPIC,
                f"A {type(event).__name__} does not belong on {record.topic}.",
                event.event_id,
            )
        key = event.key
        if record.key != key.encode():
            return Refusal(
                DeadLetterProblem.WRONG_KEY,
                f"The Kafka key is not the {event.KEY} of the {type(event).__name__}: "
                f"send it with its {event.KEY} as the key, in raw UTF-8.",
                event.event_id,
            )
        if not event.BROADCAST and partition_of(key, self._plan.partitions) != self._partition:
            return Refusal(
                DeadLetterProblem.WRONG_KEY,
                f"Its key belongs in partition {partition_of(key, self._plan.partitions)}, not "
                f"{self._partition}: set the producer's partitioner to murmur2.",
                event.event_id,
            )
        return None

    def _is_source(self, topic: str, event: Event | Outcome) -> bool:
        """Whether records of this kind are read from there."""
        plan = self._plan
        if not isinstance(event, Outcome):
            return topic not in plan.inside_topics
        return topic in plan.broadcast_topics if event.BROADCAST else topic == plan.inside_topic

    def untimely(self, event: Event, clock: Clock) -> Refusal | None:
        """Why an action's time cannot be right, if so; before the first tick every time is."""
        if clock.time == 0 or isinstance(event, ClockTicked):
            return None
        at: int = event.occurred_at  # type: ignore[attr-defined]  # every action declares it
        ahead = at - clock.time
        if ahead > min(clock.gap, self._bounds.tick) + self._bounds.ahead:
            return Refusal(
                DeadLetterProblem.IN_THE_FUTURE,
                f"It says it happened {ahead / MINUTE:.0f} minutes past the partition's last tick: "
                "check the sender's clock, and whether the clock process ticks.",
                event.event_id,
            )
        if -ahead > self._bounds.behind:
            return Refusal(
                DeadLetterProblem.TOO_OLD,
                f"It says it happened {-ahead / DAY:.0f} days before the partition's last tick; "
                f"{self._bounds.behind / DAY:.0f} are allowed.",
                event.event_id,
            )
        return None
