"""A stretch of actions lived through by the very agents, in this process: a simulation that keeps no log.

What its stages say is handed on as it is committed, what travels between keys and stages is passed on,
and what was read is let go, so a year fits into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from replay.steps import Tick, steps
from schemas import codec, topics
from schemas.record import Event
from streams.plan import Topology
from streams.simulate import Simulation, Worker

Hear = Callable[[codec.Record], None]


class Lived(Simulation):
    """One partition a stage is enough: agents know none."""

    def __init__(self, topology: Topology, hear: Hear, heard: Iterable[str]) -> None:
        """`hear` is told every record of the topics `heard`, as it is committed."""
        super().__init__(topology)
        self._hear = hear
        self._heard = frozenset(heard)
        self._passed_on = {topics.repartition(stage.name) for stage in topology.stages}
        self._passed_on |= {t for stage in topology.stages for t in topics.broadcasts(stage.name)}

    def commit(self, worker: Worker, read: dict[str, int]) -> None:
        """Hand on and pass on."""
        effects = worker.work.effects()
        for (topic, partition), records in effects.outputs.items():
            for key, value, at in records:
                if topic in self._heard and (partition == 0 or topic not in self._passed_on):
                    self._hear(codec.decode(value))
                if topic in self._passed_on:
                    self.append(topic, partition, at, key, value)
        worker.store.write(effects.changes)
        worker.read.update(read)
        worker.work.committed()

    def live(self, actions: Iterable[Event], start: int, until: int) -> None:
        """All actions, in the order of time, with the ticks of the hours between (milliseconds)."""
        for step in steps(actions, start, until):
            if isinstance(step, Tick):
                self.pass_time(step.at)
            else:
                self.emit(step)
        self.drain()

    def pass_time(self, at: int) -> None:
        """All so far is lived through, the clock reaches `at`, and what was read is let go."""
        self.drain()
        self.tick(at)
        self.drain()
        self.logs.clear()
        for worker in self.workers:
            worker.read.clear()
