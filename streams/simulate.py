"""A whole topology in one process, without Kafka: the same agents, passes and stores' bytes.

For tests, simulations and evaluations. A log is a list, a transaction an append; what the engine
promises (each record once, in order within a partition) holds here by construction, so what is
tried out is the rest: other orders across partitions, other batch sizes, crashes.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import inf
from typing import NamedTuple

from schemas import codec, topics
from schemas.actions import ClockTicked
from schemas.dead_letters import DeadLettered
from schemas.record import Event, Outcome
from streams.identity import derived_id, partition_of
from streams.intake import Bounds
from streams.memory import HOLDINGS_MOST
from streams.partition import StageWork
from streams.plan import Topology
from streams.work import StageBehaviour

BATCH = 64


class LogRecord(NamedTuple):
    """A record as it lies in a log."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class MemoryStore:
    """A partition's store in memory, its keys in order."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}
        self._keys: list[bytes] = []

    def get(self, key: bytes) -> bytes | None:
        """One value."""
        return self.values.get(key)

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Several values."""
        return [self.values.get(key) for key in keys]

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All that begins with the prefix, in order."""
        for at in range(bisect_left(self._keys, prefix), len(self._keys)):
            key = self._keys[at]
            if not key.startswith(prefix):
                return
            yield key, self.values[key]

    def write(self, changes: dict[bytes, bytes | None]) -> None:
        """Apply a batch's changes; None deletes."""
        for key, value in changes.items():
            if value is not None:
                if key not in self.values:
                    insort(self._keys, key)
                self.values[key] = value
            elif self.values.pop(key, None) is not None:
                del self._keys[bisect_left(self._keys, key)]


class Worker:
    """One partition of a stage with its store and how far it has read its topics."""

    def __init__(self, behaviour: StageBehaviour, partition: int) -> None:
        self.behaviour = behaviour
        self.partition = partition
        self.store = MemoryStore()
        self.read: dict[str, int] = defaultdict(int)
        self.work: StageWork = behaviour.open(partition, self.store)

    def reopen(self) -> None:
        """As after a crash: what was not committed is gone, the store is what there is."""
        self.work = self.behaviour.open(self.partition, self.store)


class Simulation:
    """All stages of a topology over logs in memory."""

    def __init__(
        self,
        topology: Topology,
        *,
        bounds: Bounds | None = None,
        registry: codec.Registry | None = None,
        holdings_most: int = HOLDINGS_MOST,
    ) -> None:
        self.topology = topology
        self.logs: dict[tuple[str, int], list[LogRecord]] = defaultdict(list)
        self.committed: list[LogRecord] = []  # outputs of all stages, in order of commit
        self.workers = [
            Worker(behaviour, partition)
            for stage in topology.stages
            for behaviour in [
                StageBehaviour(
                    stage.name,
                    topology,
                    bounds=bounds,
                    registry=registry,
                    holdings_most=holdings_most,
                )
            ]
            for partition in range(topology.partitions[stage.name])
        ]

    # ---- putting in ------------------------------------------------------------------------------

    def emit(self, action: Event, recorded_at: int | None = None) -> None:
        """Write an action as the Emitter does; it is read by the next `drain` or `step`."""
        data = codec.encode(action)
        at: int = action.occurred_at if recorded_at is None else recorded_at  # type: ignore[attr-defined]  # all declare it
        stages = [action.STAGE] if action.STAGE else [s.name for s in self.topology.stages]
        for stage in stages:
            topic = self.topology.prefix + topics.actions(stage)
            count = self.topology.partitions[stage]
            own = [partition_of(action.key, count)]
            for partition in range(count) if action.BROADCAST else own:
                self.append(topic, partition, at, action.key.encode(), data)

    def tick(self, at: int) -> None:
        """The clock's time, into every partition."""
        self.emit(ClockTicked(event_id=derived_id("clock", "clock", "", at), occurred_at=at))

    def append(
        self, topic: str, partition: int, at: int, key: bytes | None, value: bytes | None
    ) -> LogRecord:
        """Write any bytes into a log."""
        log = self.logs[topic, partition]
        record = LogRecord(topic, partition, len(log), at, key, value)
        log.append(record)
        return record

    # ---- running ---------------------------------------------------------------------------------

    def waits(self, worker: Worker, topic: str) -> int:
        """How many records of this topic a worker has still to read."""
        return len(self.logs[topic, worker.partition]) - worker.read[topic]

    def step(self, worker: Worker, topic: str, most: int = BATCH, deadline: float = inf) -> int:
        """One batch of a topic in one transaction; returns how many records were taken."""
        start = worker.read[topic]
        records = self.logs[topic, worker.partition][start : start + most]
        taken = worker.work.run(records, deadline)
        self.commit(worker, {topic: start + taken})
        return taken

    def commit(self, worker: Worker, read: dict[str, int]) -> None:
        """The transaction: outputs to the logs, changes to the store, positions."""
        effects = worker.work.effects()
        for (topic, partition), records in effects.outputs.items():
            for key, value, at in records:
                self.committed.append(self.append(topic, partition, at, key, value))
        worker.store.write(effects.changes)
        worker.read.update(read)
        worker.work.committed()

    def drain(self) -> None:
        """Until nothing is left to read or to wake; what comes from inside first."""
        while self._inside() or self._round():
            pass

    def _inside(self) -> bool:
        moved = False
        for worker in self.workers:
            for topic in worker.behaviour.plan.inside_topics:
                while self.waits(worker, topic):
                    self.step(worker, topic)
                    moved = True
        return moved

    def _round(self) -> bool:
        """One batch for each partition that has actions to read or keys to wake."""
        moved = False
        for worker in self.workers:
            topic = worker.behaviour.plan.actions_topic
            if self.waits(worker, topic) or worker.work.waiting:
                self.step(worker, topic)
                moved = True
        return moved

    # ---- looking ---------------------------------------------------------------------------------

    def outcomes(self) -> Iterator[Outcome]:
        """All that was said and committed, in order of commit, each once."""
        prefix, stages = self.topology.prefix, self.topology.stages
        said = {prefix + name for name in (*(topics.outcomes(s.name) for s in stages), *topics.OWN)}
        inside = {prefix + topics.repartition(stage.name) for stage in stages}
        for record in self.committed:
            if record.topic in said or record.topic in inside:
                outcome = codec.decode(record.value)
                assert isinstance(outcome, Outcome)
                copy = outcome.BROADCAST and record.partition  # the first counts
                if not copy and outcome.KEPT is (record.topic in said):
                    yield outcome

    def dead_letters(self) -> list[DeadLettered]:
        """All dead letters, in order of commit."""
        topic = self.topology.prefix + topics.DEAD_LETTERS
        found = (codec.decode(r.value) for r in self.committed if r.topic == topic)
        return [letter for letter in found if isinstance(letter, DeadLettered)]
