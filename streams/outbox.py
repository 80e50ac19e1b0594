"""What a partition's work says: ids filled in, encoded once, filed under topic and partition."""

from __future__ import annotations

from msgspec.structs import force_setattr

from schemas import codec
from schemas.dead_letters import DeadLettered, DeadLetterProblem
from schemas.record import Outcome
from streams.behaviour import Record
from streams.identity import derived_id, partition_of
from streams.plan import Plan
from streams.trouble import Poisoned

RECORD_BYTES_MOST = 512 * 1024
DEAD_VALUE_BYTES = 256 * 1024

Outputs = dict[tuple[str, int], list[tuple[bytes | None, bytes | None, int]]]


class Outbox:
    """The outputs of one partition; what was said since the last `settle` can be dropped."""

    def __init__(self, plan: Plan, partition: int) -> None:
        self._plan = plan
        self._partition = partition
        self._dead = (plan.dead_letters_topic, partition % plan.dead_letter_partitions)
        self._fresh: Outputs = {}
        self._ready: Outputs = {}

    def say(
        self, speaker: int, cause: str, key: str, position: int, outcome: Outcome, recorded_at: int
    ) -> tuple[int, ...]:
        """Send an outcome where it belongs; returns the agents that hear it in this pass.

        Raises `Poisoned` when it was said before or is too large, and what the codec raises when it
        breaks its own limits: every reader would stop at it.
        """
        plan = self._plan
        route = plan.route(speaker, type(outcome))
        if outcome.event_id:
            raise Poisoned(plan.speakers[speaker], f"it said a {type(outcome).__name__} twice.")
        target = route.key_of(outcome)
        own = route.here and target == key
        mark = speaker + 1 if own and route.earlier else 0
        force_setattr(
            outcome,
            "event_id",
            derived_id(cause, plan.speakers[speaker], key, position, mark),
        )
        force_setattr(outcome, "caused_by", cause)
        data = codec.encode_valid(outcome)
        if len(data) > RECORD_BYTES_MOST:
            raise Poisoned(
                plan.speakers[speaker],
                f"its {type(outcome).__name__} came to {len(data)} bytes, "
                f"{RECORD_BYTES_MOST} are allowed.",
                DeadLetterProblem.OVERSIZE,
            )
        record = (target.encode(), data, recorded_at)
        for place in route.lies[self._partition]:
            self._file(place, record)
        if mark or (route.leaves and not own):
            places = route.places
            self._file(places[partition_of(target, len(places))], record)
        return route.later if own else ()

    def dead_letter(
        self, record: Record, problem: DeadLetterProblem, detail: str, event_id: str
    ) -> None:
        """File a record that was not taken: the reason, its place, and up to `DEAD_VALUE_BYTES` of it."""
        source = f"{record.topic}/{record.partition}/{record.offset}"
        letter = DeadLettered(
            event_id=derived_id(source, f"{self._plan.name}/dead-letters", problem, 0),
            source=source,
            occurred_at=max(record.timestamp, 0),
            caused_by=event_id,
            stage=self._plan.name,
            problem=problem,
            detail=detail,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            record_key=None if record.key is None else record.key[:DEAD_VALUE_BYTES],
            record_value=None if record.value is None else record.value[:DEAD_VALUE_BYTES],
        )
        self._file(self._dead, (source.encode(), codec.encode(letter), record.timestamp))

    def settle(self) -> None:
        """What was said stands."""
        if self._ready:
            for place, records in self._fresh.items():
                self._ready.setdefault(place, []).extend(records)
        else:
            self._ready = self._fresh
        self._fresh = {}

    def drop(self) -> None:
        """What was said since the last `settle` was never said."""
        self._fresh = {}

    def take(self) -> Outputs:
        """All that stands, to be written to the log."""
        ready, self._ready = self._ready, {}
        return ready

    def _file(self, place: tuple[str, int], record: tuple[bytes, bytes, int]) -> None:
        try:
            self._fresh[place].append(record)
        except KeyError:
            self._fresh[place] = [record]
