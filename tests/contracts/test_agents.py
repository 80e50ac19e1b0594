"""What every agent and table keeps to, whatever it is about: the same checks over all of them."""

from __future__ import annotations

from functools import cache
from math import inf
from typing import Any

import msgspec
import pytest

from agents import Agent, Place, Stage, Table
from schemas import topics
from schemas.actions import ACTIONS, ClockTicked
from schemas.dead_letters import DeadLetterProblem
from schemas.record import Event
from schemas.samples import EXAMPLE_MOMENT, sample
from streams.plan import Topology
from streams.simulate import Simulation, Worker
from streams.state import Family, Holder, holder
from streams.topology import topology
from tests.simulation.risky import risky
from tests.simulation.schedule import played
from tests.simulation.test_interleaving import actions
from tests.simulation.world import DAY, Shape, world
from tests.streams.small_agents import TOPOLOGY as SMALL

TOPOLOGIES = {"small": SMALL, "all": topology(2)}
Behaviour = Agent[Any] | Table[Any]


def behaviours(stage: Stage) -> list[Behaviour]:
    """A stage's agents and tables."""
    found: list[Behaviour] = [*stage.agents]
    return [*found, *stage.tables]


BEHAVIOURS = [
    pytest.param(name, stage.name, behaviour, id=f"{name}-{stage.name}-{behaviour.name}")
    for name, topology_ in TOPOLOGIES.items()
    for stage in topology_.stages
    for behaviour in behaviours(stage)
]
HEARD = [
    pytest.param(behaviour, heard, id=f"{stage.name}-{behaviour.name}-{heard.__name__}")
    for stage in TOPOLOGIES["all"].stages
    for behaviour in behaviours(stage)
    for heard in sorted(behaviour.listens_to, key=lambda heard: heard.__name__)
]
TOLD = sorted(
    {
        heard
        for stage in TOPOLOGIES["all"].stages
        for behaviour in behaviours(stage)
        for heard in behaviour.listens_to
        if heard in ACTIONS and heard is not ClockTicked
    },
    key=lambda heard: heard.__name__,
)
# What may be left of one key; of models there are few, and each has its weights and former versions.
LEFT_BYTES_MOST = {"training": 2 * 1024 * 1024}
SCALARS = (str, int, float, bool, bytes)


class OneByOne(Simulation):
    """One record a transaction."""

    def step(self, worker: Worker, topic: str, most: int = 1, deadline: float = inf) -> int:
        return super().step(worker, topic, 1, 0.0)


class Forgetful(OneByOne):
    """Encodes and decodes everything after every single record."""

    def step(self, worker: Worker, topic: str, most: int = 1, deadline: float = inf) -> int:
        taken = super().step(worker, topic)
        worker.reopen()
        return taken


def history(name: str) -> list[tuple[int, Event]]:
    """Actions that reach every agent of a topology."""
    if name == "small":
        return actions(3)
    told = [*world(3, Shape(members=4, steps=300)).delivered, *risky(3, members=4).delivered]
    return sorted(told, key=lambda pair: pair[0])


@cache
def lived(name: str, kind: type[Simulation], time: int = 1) -> Simulation:
    """The history lived through; `time`: the first time, or once more with nothing of the first."""
    return played(TOPOLOGIES[name], history(name), kind=kind)


@cache
def busy_and_silent() -> Simulation:
    """One member with a thousand orders and payments in a quarter, and two years without a word."""
    busy = world(5, Shape(members=1, steps=1_000, days=90, scarce=False))
    told = [*busy.delivered, *risky(5, members=1, steps=1_000, days=90).delivered]
    told.sort(key=lambda pair: pair[0])
    return played(TOPOLOGIES["all"], told, until=told[-1][0] + 730 * DAY)


def kept(simulation: Simulation, behaviour: Behaviour) -> dict[tuple[int, bytes], bytes]:
    """All that a behaviour keeps in the stores."""
    found = {}
    for number, worker in enumerate(simulation.workers):
        prefixes = _prefixes(worker, behaviour)
        for key, value in worker.store.values.items():
            if key.startswith(prefixes):
                found[number, key] = value
    return found


def _prefixes(worker: Worker, behaviour: Behaviour) -> tuple[bytes, ...]:
    plan = worker.behaviour.plan
    holders: list[Holder] = [*plan.holders, *plan.table_holders]
    return tuple(
        prefix
        for one, its in zip(behaviours(plan.stage), holders, strict=True)
        if one is behaviour
        for prefix in (its.state_prefix, *its.map_prefixes)
    )


def said(simulation: Simulation) -> list[tuple[str, int, bytes | None]]:
    return [(record.topic, record.timestamp, record.value) for record in simulation.committed]


@pytest.mark.parametrize(("name", "stage", "behaviour"), BEHAVIOURS)
def test_deterministic(name: str, stage: str, behaviour: Behaviour) -> None:
    """The same actions give the same state and the same words, byte by byte."""
    again = lived(name, Simulation, time=2)
    assert again is not lived(name, Simulation)
    assert kept(again, behaviour) == kept(lived(name, Simulation), behaviour)
    assert said(again) == said(lived(name, Simulation))


@pytest.mark.parametrize(("name", "stage", "behaviour"), BEHAVIOURS)
def test_encoding_at_any_point_changes_nothing(name: str, stage: str, behaviour: Behaviour) -> None:
    """A state that was written and read back after every record is the state that was kept."""
    forgetful = lived(name, Forgetful)
    assert kept(forgetful, behaviour) == kept(lived(name, OneByOne), behaviour)
    assert said(forgetful) == said(lived(name, OneByOne))


@pytest.mark.parametrize(("name", "stage", "behaviour"), BEHAVIOURS)
def test_a_fresh_state_waits_for_nothing(name: str, stage: str, behaviour: Behaviour) -> None:
    """A fresh state is not stored, so it can want no wake-up."""
    if isinstance(behaviour, Agent) and behaviour.wake_at is not None:
        assert behaviour.wake_at(behaviour.initial()) is None
    assert holder(behaviour, Family(b"", b"", b"")).codec.encode(behaviour.initial()) is None


@pytest.mark.parametrize(("name", "stage", "behaviour"), BEHAVIOURS)
def test_values_of_maps_are_frozen(name: str, stage: str, behaviour: Behaviour) -> None:
    """A value that is changed in place would be lost: it cannot be."""
    for codec in holder(behaviour, Family(b"", b"", b"")).codec.maps:
        kind = codec.value_type
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            assert kind.__struct_config__.frozen, f"{codec.name}: {kind.__name__}"
        else:
            assert kind in SCALARS, f"{codec.name}: {kind}"


@pytest.mark.parametrize(("behaviour", "heard"), HEARD)
def test_knows_all_it_listens_to(behaviour: Behaviour, heard: type) -> None:
    """Whatever it listens to, it takes, also as the first thing it ever hears."""
    tables = {
        table.name: table.initial() for stage in TOPOLOGIES["all"].stages for table in stage.tables
    }
    if isinstance(behaviour, Agent):
        outcomes = tuple(behaviour.react(behaviour.initial(), sample(heard), tables))
    else:
        outcomes = tuple(behaviour.react(behaviour.initial(), sample(heard), Place(0, 2)))
    assert all(isinstance(outcome, msgspec.Struct) for outcome in outcomes)


@pytest.mark.parametrize("stage", TOPOLOGIES["all"].stages, ids=lambda stage: stage.name)
def test_what_one_key_leaves_behind_is_bounded(stage: Any) -> None:
    """A busy member, then two years of silence: little is left, and nothing was ever too large."""
    if not stage.agents:
        pytest.fail(f"the stage {stage.name} has no agents")
    simulation = busy_and_silent()
    assert not simulation.dead_letters()
    for behaviour in stage.agents:
        left = sum(map(len, kept(simulation, behaviour).values()))
        assert left <= LEFT_BYTES_MOST.get(stage.name, 64 * 1024), (
            f"{behaviour.name} still keeps {left} bytes"
        )


@pytest.mark.parametrize("told", TOLD, ids=lambda told: told.__name__)
def test_the_same_event_again_and_the_same_id_with_other_content(told: Any) -> None:
    """Again: counted and dropped. Other content: a dead letter CONFLICTS, and nothing applied."""
    simulation = Simulation(TOPOLOGIES["all"])
    event = sample(told)
    other = msgspec.structs.replace(event, occurred_at=EXAMPLE_MOMENT + 1)
    simulation.emit(event)
    simulation.drain()
    before = [dict(worker.store.values) for worker in simulation.workers]
    words = len(list(simulation.outcomes()))
    simulation.emit(event)
    simulation.emit(other)
    simulation.drain()
    copies = 2 if told.BROADCAST else 1
    assert sum(worker.work.counters.repeats for worker in simulation.workers) == copies
    letters = simulation.dead_letters()
    assert [letter.problem for letter in letters] == [DeadLetterProblem.CONFLICTS] * copies
    assert [dict(worker.store.values) for worker in simulation.workers] == before
    assert len(list(simulation.outcomes())) == words


def test_every_topology_can_be_wired() -> None:
    """Names are single, and all stages are there."""
    whole = TOPOLOGIES["all"]
    assert isinstance(whole, Topology)
    assert tuple(stage.name for stage in whole.stages) == topics.STAGES
