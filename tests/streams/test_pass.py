"""The pass as a queue: who hears what, in which order, how often, under which id."""

from __future__ import annotations

from schemas.actions import RedemptionCancelled
from schemas.outcomes import GiftRefused, MemberEnrolled, ReturnRefused
from streams.identity import partition_of, still_to_hear
from streams.simulate import Simulation
from tests.streams.small_agents import START, TOPOLOGY, look, search


def state(simulation: Simulation, stage: str, agent: str, key: str) -> bytes | None:
    """The stored bytes of a key's state."""
    name = agent.encode() + b"\0" + key.encode()
    for worker in simulation.workers:
        if worker.behaviour.plan.name == stage and (b"s" + name) in worker.store.values:
            return worker.store.values[b"s" + name]
    return None


def run(*actions: object, holdings_most: int = 100) -> Simulation:
    simulation = Simulation(TOPOLOGY, holdings_most=holdings_most)
    for action in actions:
        simulation.emit(action)  # type: ignore[arg-type]  # rows of actions
    simulation.drain()
    return simulation


def words(simulation: Simulation) -> list[str | None]:
    found: list[str | None] = []
    for outcome in simulation.outcomes():
        match outcome:
            case MemberEnrolled():
                found.append(outcome.country)
            case ReturnRefused():
                found.append(outcome.order_id)
            case GiftRefused():
                found.append(outcome.redemption_id)
    return found


def test_a_later_agent_hears_the_cause_first_then_what_was_said() -> None:
    """Each agent hears the whole queue so far, the cause first."""
    assert words(run(look("1", "m", "a"))) == ["a 1", "a", "a,a 1"]


def test_an_earlier_agent_hears_once_through_the_repartition_topic() -> None:
    """What an earlier agent listens to goes out once; the later ones heard it already."""
    simulation = run(look("1", "m", "a"))
    looped = [r for r in simulation.committed if r.topic == "to.members"]
    assert len(looped) == 2  # both answers of `listen`
    assert state(simulation, "members", "notice", "m") == b"\x01\x81\xa5heard\x02"
    assert state(simulation, "members", "last", "m") == b"\x01\x81\xa5heard\x02"


def test_the_same_bytes_go_to_outcomes_and_to_the_repartition_topic() -> None:
    """An outcome is encoded once, and its mark says which agents are still to hear it."""
    simulation = run(look("1", "m", "a"))
    looped = {r.value for r in simulation.committed if r.topic == "to.members"}
    answers = [o for o in simulation.outcomes() if isinstance(o, ReturnRefused)]
    assert looped < {r.value for r in simulation.committed if r.topic == "outcomes.members"}
    assert {still_to_hear(answer.event_id) for answer in answers} == {3}


def test_another_stage_hears_and_answers_across_partitions() -> None:
    """What is for another key is written to its partition; all of that stage's agents hear it."""
    simulation = run(look("1", "m1", "guest"), look("2", "m2", "guest"))
    assert sorted(w for w in words(simulation) if w and w.startswith("seen")) == [
        "seen 1",
        "seen 2",
    ]
    to_products = {r.partition for r in simulation.committed if r.topic == "to.products"}
    assert to_products == {partition_of("p1", 2)}


def test_outcomes_lie_at_the_sayers_own_partition_with_the_causes_time() -> None:
    """Key, partition and Kafka timestamp of an output follow from who said it and why."""
    simulation = Simulation(TOPOLOGY)
    simulation.emit(look("1", "m1", "guest"), recorded_at=START + 5)
    simulation.drain()
    enrolled = [r for r in simulation.committed if r.topic == "outcomes.members"]
    assert {r.key for r in enrolled} == {b"m1"}
    assert {r.partition for r in enrolled} == {partition_of("m1", 3)}
    viewed = [r for r in simulation.committed if r.key == b"p1"]  # on its way, and nowhere else
    assert {(r.topic, r.partition) for r in viewed} >= {("to.products", partition_of("p1", 2))}
    assert not any(r.topic == "outcomes.members" for r in viewed)
    assert {r.timestamp for r in simulation.committed} == {START + 5}


def test_ids_are_the_same_in_any_batching_and_all_different() -> None:
    """The same cause gives the same id, whatever the size of batches."""
    actions = [look(str(n), f"m{n % 4}", f"p{n % 3}") for n in range(50)]
    whole = run(*actions)
    single = Simulation(TOPOLOGY)
    for action in actions:
        single.emit(action)
        single.drain()
    ids = [outcome.event_id for outcome in whole.outcomes()]
    assert len(set(ids)) == len(ids)
    assert sorted(ids) == sorted(outcome.event_id for outcome in single.outcomes())


def test_nothing_changes_when_every_state_is_forgotten_at_once() -> None:
    """A bound on what is held in memory changes no result."""
    actions = [look(str(n), f"m{n % 40}", f"p{n % 3}") for n in range(400)]
    small, large = run(*actions, holdings_most=2), run(*actions, holdings_most=10_000)
    assert [r.value for r in small.committed] == [r.value for r in large.committed]
    assert [w.store.values for w in small.workers] == [w.store.values for w in large.workers]


def test_only_what_changed_is_written() -> None:
    """A look writes the header, the states it changed and one map entry, nothing else."""
    simulation = Simulation(TOPOLOGY)
    simulation.emit(look("1", "m", "a"))
    simulation.emit(look("2", "m", "b"))
    worker = next(
        w
        for w in simulation.workers
        if w.behaviour.plan.name == "members" and simulation.waits(w, "actions.members")
    )
    simulation.step(worker, "actions.members")
    before = dict(worker.store.values)
    simulation.emit(look("3", "m", "a"))
    simulation.step(worker, "actions.members")
    changed = {k for k, v in worker.store.values.items() if before.get(k) != v}
    assert changed == {
        b"hm",
        b"scount\0m",
        b"mcount\0by_product\0\0\x01ma",
        b"slisten\0m",
        b"slast\0m",
    }


def test_a_state_equal_to_a_fresh_one_is_deleted() -> None:
    """An alarm that has rung and is unset again leaves no state, only its count of wake-ups."""
    simulation = Simulation(TOPOLOGY)
    simulation.emit(search("1", "m", "in 5"))
    simulation.drain()
    assert state(simulation, "members", "alarm", "m") is not None
    simulation.emit(
        RedemptionCancelled(event_id="2", member_id="m", occurred_at=START, redemption_id="r")
    )
    simulation.drain()
    assert state(simulation, "members", "alarm", "m") is None
