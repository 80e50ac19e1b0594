"""A worker's share of a stage: the partitions that it owns, what waits for them, and their work.

The transport files batches here, the engine lets the share react and takes what came of it into its
transaction. Nothing here talks to Kafka but the acquirer.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter

from faust.types import TP

from streams.acquire import Acquired, Acquirer
from streams.metrics import StageMetrics
from streams.offset_commit import Membership
from streams.settings import Settings
from streams.stage import Progress, StageSpec
from streams.topics import TopicFacts
from streams.transport import Batch, PositionJumped


@dataclass(slots=True)
class Owned:
    """A partition in work, with what waits for it by source topic; `places` are those as Faust names them."""

    acquired: Acquired
    positions: dict[str, int]
    queues: dict[str, deque[Batch]]
    touched: bool = False  # since the last commit
    places: dict[str, TP] = field(init=False)

    def __post_init__(self) -> None:
        """Made once: a name for each at every drain would cost a twentieth of the worker."""
        self.places = {topic: TP(topic, self.acquired.partition) for topic in self.queues}

    @property
    def waits(self) -> bool:
        """True when there is something to do."""
        return any(self.queues.values()) or self.acquired.work.waiting


class Share:
    """What a worker has of one stage."""

    def __init__(
        self,
        spec: StageSpec,
        settings: Settings,
        facts: Mapping[str, TopicFacts],
        acquirer: Acquirer,
    ) -> None:
        self.spec = spec
        self.facts = facts
        self.progress = Progress()
        self.metrics = StageMetrics(spec.name)
        self.reacted_seconds = 0.0  # since the last commit
        self.records = 0  # the same: taken, and rounds of waking
        self._settings = settings
        self._acquirer = acquirer
        self._behind: set[TP] = set()
        self._owned: dict[int, Owned] = {}
        self._turn = 0

    # ---- what waits ------------------------------------------------------------------------------

    @property
    def waits(self) -> bool:
        """True when there is something to do."""
        return any(owned.waits for owned in self._owned.values())

    def wanted(self) -> Iterable[TP]:
        """The partitions to fetch from: none of the outside ones when enough waits."""
        full = (
            self.progress.queued_records >= self._settings.queue_records
            or self.progress.queued_bytes >= self._settings.queue_bytes
        )
        inside = self.spec.sources[:-1]
        for owned in self._owned.values():
            if not full:
                yield from owned.places.values()
            else:
                yield from (owned.places[topic] for topic in inside if not owned.queues[topic])

    def file(self, batch: Batch) -> bool:
        """Let a batch wait; False when its partition is not in work under the same membership."""
        owned = self._owned.get(batch.partition)
        if owned is None or batch.membership != owned.acquired.membership:
            return False
        owned.queues[batch.topic].append(batch)
        self.progress.queued_records += len(batch.records)
        self.progress.queued_bytes += batch.size
        return True

    def taken(self, behind: set[TP]) -> bool:
        """The transport drained; True when what was held back may go on now."""
        self._behind = behind
        self.progress.drained_at = time.monotonic()
        return self.progress.queued_records > 0

    # ---- coming and going ------------------------------------------------------------------------

    async def acquire(self, partitions: frozenset[int], membership: Membership) -> None:
        """Restore these partitions and take them into work."""
        assert not self._owned, "acquired twice without a release"
        for one in await self._acquirer.acquire(partitions, membership, self.metrics):
            positions = {topic: source.offset for topic, source in one.sources.items()}
            queues = {topic: deque[Batch]() for topic in self.spec.sources}
            self._owned[one.partition] = Owned(one, positions, queues)
        self.progress.owned = len(self._owned)
        self.progress.acquiring = False
        self.progress.passed_at = time.monotonic()

    def release(self) -> None:
        """Drop what waits and close the stores; between two transactions."""
        for owned in self._owned.values():
            owned.acquired.store.close()
        self._owned.clear()
        self.progress = Progress()

    # ---- the work --------------------------------------------------------------------------------

    def react(self, deadline: float) -> None:
        """Partitions in turn, so that a deadline does not always meet the same one first."""
        started = perf_counter()
        partitions = list(self._owned.values())
        turn = self._turn = (self._turn + 1) % len(partitions) if partitions else 0
        for owned in partitions[turn:] + partitions[:turn]:
            self.records += self._react_in(owned, deadline)
            if perf_counter() > deadline:
                break
        self.reacted_seconds += perf_counter() - started

    def touched(self) -> Iterator[Owned]:
        """The partitions that reacted since the last commit."""
        return (owned for owned in self._owned.values() if owned.touched)

    def committed(self, outputs: int, seconds: float) -> None:
        """A transaction that took `seconds` holds all of it; `outputs` of its records are of here."""
        self.progress.passed_at = time.monotonic()
        self.metrics.passed(self.records, outputs, self.reacted_seconds, seconds, self.progress)
        self.records, self.reacted_seconds = 0, 0.0

    def _react_in(self, owned: Owned, deadline: float) -> int:
        """What waits in one partition, from inside first; then keys that are due."""
        done = 0
        for topic in self.spec.sources:
            queue = owned.queues[topic]
            while queue:
                done += self._take(owned, queue, deadline)
                if perf_counter() > deadline:
                    return done
            if owned.places[topic] in self._behind and topic is not self.spec.sources[-1]:
                return done  # what is from inside goes first, and more of it is on its way
        if owned.acquired.work.waiting:
            owned.acquired.work.run([], deadline)
            owned.touched = True
            done += 1
        return done

    def _take(self, owned: Owned, queue: deque[Batch], deadline: float) -> int:
        """As much of the first batch as there is time for."""
        batch = queue[0]
        position = owned.positions[batch.topic]
        if batch.start != position:
            raise PositionJumped(
                f"{batch.topic}/{batch.partition}: a batch begins at {batch.start}, "
                f"and the next to read is {position}."
            )
        records = batch.records
        taken = owned.acquired.work.run(records, deadline)
        assert 0 < taken <= len(records), "a behaviour takes at least one record"
        owned.touched = True
        self.progress.queued_records -= taken
        if taken == len(records):
            queue.popleft()
            owned.positions[batch.topic] = batch.end
            self.progress.queued_bytes -= batch.size
        else:
            part = batch.size * taken // len(records)
            batch.size -= part
            self.progress.queued_bytes -= part
            batch.records = records[taken:]
            batch.start = owned.positions[batch.topic] = batch.records[0].offset
        return taken
