"""Who hears what: a stage and its neighbours, made ready for the pass.

An outcome is heard in the pass by the later agents of the sayer's stage when it is for the same
key. What is for another key or stage, or for the sayer itself or an earlier agent, goes once
through the repartition topic of its stage, if anybody there listens. What is broadcast lies in every
partition of a topic of its own, and only tables hear it. A table also hears, as it is said, what its own
partition's agents say, if it listens to that: so it can count for a partition what no single key knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from agents import Agent, Stage, Table, Woken
from schemas import topics
from schemas.outcomes import OUTCOMES
from schemas.record import Event, Outcome
from streams.state import OF_KEYS, OF_TABLES, holder

Heard = type[Event | Outcome]
Place = tuple[str, int]  # topic and partition


@dataclass(frozen=True, slots=True)
class Topology:
    """All stages, their partition counts, and what stands before the names of their topics."""

    stages: tuple[Stage, ...]
    partitions: Mapping[str, int]
    prefix: str = ""
    dead_letter_partitions: int = 1

    def stage(self, name: str) -> Stage:
        """The stage with this name. Raises `KeyError`."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(f"There is no stage {name}; there are {[s.name for s in self.stages]}.")


@dataclass(frozen=True, slots=True)
class Route:
    """Where an outcome goes that a certain agent says."""

    here: bool  # its type belongs to the sayer's stage
    later: tuple[int, ...]  # the agents that hear it in the pass, when it is for the same key
    earlier: bool  # the sayer or an earlier agent listens to it
    leaves: bool  # some agent of its stage listens to it
    places: tuple[Place, ...]  # each partition of its stage's repartition topic
    lies: tuple[tuple[Place, ...], ...]  # by the sayer's partition: where it is kept
    key_of: Callable[[Any], str]


class Plan:
    """One stage, compiled."""

    def __init__(self, stage: Stage, topology: Topology) -> None:
        self.stage = stage
        self.name = stage.name
        self.agents: tuple[Agent[Any], ...] = stage.agents
        self.tables: tuple[Table[Any], ...] = stage.tables
        _check(stage, topology)
        self.partitions = topology.partitions[stage.name]
        self.holders = tuple(holder(agent, OF_KEYS) for agent in stage.agents)
        self.table_holders = tuple(holder(table, OF_TABLES) for table in stage.tables)
        self.speakers = tuple(f"{stage.name}/{name}" for name in _names(stage))
        self.positions = {agent.name: index for index, agent in enumerate(stage.agents)}
        self.actions_topic = topology.prefix + topics.actions(stage.name)
        self.inside_topic = topology.prefix + topics.repartition(stage.name)
        self.broadcast_topics = tuple(topology.prefix + t for t in topics.broadcasts(stage.name))
        self.inside_topics = (*self.broadcast_topics, self.inside_topic)
        self.outcomes_topic = topology.prefix + topics.outcomes(stage.name)
        self.dead_letters_topic = topology.prefix + topics.DEAD_LETTERS
        self.dead_letter_partitions = topology.dead_letter_partitions
        self._topology = topology
        self._listeners = {s.name: _listeners(s.agents) for s in topology.stages}
        self._table_listeners = _listeners(stage.tables)
        self.heard_by_tables = frozenset(h for h in self._table_listeners if _said_in(stage, h))
        self._routes: list[dict[Heard, Route]] = [{} for _ in self.speakers]

    def listeners(self, heard: Heard) -> tuple[int, ...]:
        """The agents that listen to this, in order."""
        return self._listeners[self.name].get(heard, ())

    def table_listeners(self, heard: Heard) -> tuple[int, ...]:
        """The tables that listen to this, in order."""
        return self._table_listeners.get(heard, ())

    def route(self, speaker: int, said: Heard) -> Route:
        """Where it goes when the `speaker`-th (agents, then tables) says this.

        Raises `ValueError` for what this stage has no right to say.
        """
        found = self._routes[speaker].get(said)
        if found is None:
            found = self._routes[speaker][said] = self._route(speaker, said)
        return found

    def _route(self, speaker: int, said: Heard) -> Route:
        if not issubclass(said, Outcome) or self.name != said.SAID_IN:
            raise ValueError(f"a {said.__name__} is not said in {self.name}")
        listening = self._listeners.get(said.STAGE, {}).get(said, ())
        here = self.name == said.STAGE and speaker < len(self.agents)
        partitions = self._topology.partitions.get(said.STAGE, 0)
        return Route(
            here=here,
            later=tuple(index for index in listening if index > speaker) if here else (),
            earlier=here and any(index <= speaker for index in listening),
            leaves=bool(listening),
            places=self._places(topics.repartition(said.STAGE), partitions),
            lies=self._lies(said, partitions),
            key_of=attrgetter(said.KEY),
        )

    def _lies(self, said: type[Outcome], partitions: int) -> tuple[tuple[Place, ...], ...]:
        """At the sayer's own partition, or everywhere in a topic with its stage's `partitions`.

        What is not kept lies nowhere but on its way.
        """
        if not said.KEPT:
            return ((),) * self.partitions
        if said.BROADCAST:
            return (self._places(topics.of(said), partitions),) * self.partitions
        return tuple((place,) for place in self._places(topics.of(said), self.partitions))

    def _places(self, topic: str, partitions: int) -> tuple[Place, ...]:
        return tuple((self._topology.prefix + topic, number) for number in range(partitions))

    def topics_written(self) -> tuple[str, ...]:
        """Every topic that this stage can write to."""
        prefix = self._topology.prefix
        inside = [prefix + topics.repartition(s.name) for s in self._topology.stages]
        own = {prefix + r.TOPIC for r in OUTCOMES if r.TOPIC and self.name == r.SAID_IN}
        return (self.outcomes_topic, self.dead_letters_topic, *inside, *sorted(own))


def _listeners(
    behaviours: Sequence[Agent[Any] | Table[Any]],
) -> dict[Heard, tuple[int, ...]]:
    found: dict[Heard, tuple[int, ...]] = {}
    for index, behaviour in enumerate(behaviours):
        for heard in behaviour.listens_to:
            found[heard] = (*found.get(heard, ()), index)
    return found


def _names(stage: Stage) -> list[str]:
    return [agent.name for agent in stage.agents] + [table.name for table in stage.tables]


def _check(stage: Stage, topology: Topology) -> None:
    """Refuse a stage that cannot work, in words for whoever wires it."""
    names = _names(stage)
    if len(set(names)) != len(names):
        raise ValueError(f"The stage {stage.name} has two agents or tables of one name: {names}.")
    for agent in stage.agents:
        _check_listening(stage, agent)
    for heard in {heard for table in stage.tables for heard in table.listens_to}:
        broadcast = heard.BROADCAST and heard.STAGE in (stage.name, "")
        if not broadcast and not _said_in(stage, heard):
            raise ValueError(
                f"A table of {stage.name} listens to {heard.__name__}, which is no broadcast event "
                "of its stage and not said in it."
            )
    missing = [s.name for s in topology.stages if s.name not in topology.partitions]
    if missing:
        raise ValueError(f"The partition counts of the stages {missing} are not given.")


def _said_in(stage: Stage, heard: Heard) -> bool:
    return issubclass(heard, Outcome) and not heard.BROADCAST and stage.name == heard.SAID_IN


def _check_listening(stage: Stage, agent: Agent[Any]) -> None:
    for heard in agent.listens_to:
        if getattr(heard, "BROADCAST", False):
            raise ValueError(
                f"{agent.name} listens to {heard.__name__}: "
                "only tables hear broadcast events and ticks."
            )
        if not issubclass(heard, Woken) and stage.name != heard.STAGE:
            raise ValueError(
                f"{agent.name} of {stage.name} listens to {heard.__name__}, "
                f"which is for {heard.STAGE}."
            )
