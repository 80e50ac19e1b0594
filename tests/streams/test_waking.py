"""Time as data: keys are woken at their due time, before what comes later, and once."""

from __future__ import annotations

from math import inf

from schemas.outcomes import MemberEnrolled
from streams.simulate import Simulation
from tests.streams.small_agents import MINUTE, START, TOPOLOGY, gift, look, search


def heard(simulation: Simulation) -> list[tuple[str | None, int]]:
    """What was said, with its moment in minutes after the start."""
    return [
        (outcome.country, (outcome.occurred_at - START) // MINUTE)
        for outcome in simulation.outcomes()
        if isinstance(outcome, MemberEnrolled)
    ]


def counted(simulation: Simulation, name: str) -> int:
    return sum(getattr(worker.work.counters, name) for worker in simulation.workers)


def test_an_event_wakes_its_key_first_at_the_due_time() -> None:
    """Before an event at T the key's agents are woken that were due at or before T."""
    simulation = Simulation(TOPOLOGY)
    simulation.emit(search("1", "m", "in 5"))
    simulation.emit(look("2", "m", "a", START + 4 * MINUTE))
    simulation.emit(look("3", "m", "a", START + 5 * MINUTE))
    simulation.drain()
    assert heard(simulation) == [("a 1", 4), ("rung 1 with 0 gifts", 5), ("a 2", 5)]


def test_a_tick_wakes_silent_keys() -> None:
    """A tick does for silent keys what an event does for its own; their moment is the due time."""
    simulation = Simulation(TOPOLOGY)
    for n in range(20):
        simulation.emit(search(f"s{n}", f"m{n}", f"in {n + 1}"))
    simulation.tick(START + 10 * MINUTE)
    simulation.drain()
    assert sorted(minute for _, minute in heard(simulation)) == list(range(1, 11))
    assert not any(worker.work.waiting for worker in simulation.workers)


def test_missing_late_and_doubled_ticks_change_nothing() -> None:
    """Ticks change how soon, never what."""
    results = []
    for ticks in ([5, 10, 60], [60], [10, 5, 10, 10, 60, 60]):
        simulation = Simulation(TOPOLOGY)
        for n in range(20):
            simulation.emit(search(f"s{n}", f"m{n}", f"in {2 * n + 1}"))
        for minute in ticks:
            simulation.tick(START + minute * MINUTE)
            simulation.drain()
        results.append(sorted((o.event_id, o.member_id) for o in simulation.outcomes()))  # type: ignore[attr-defined]  # members only
    assert results[0] == results[1] == results[2]
    assert len(results[0]) == 2 * 20  # each is heard and answered once


def test_wake_ups_run_in_bounded_passes() -> None:
    """A pass stops at its deadline with at least one key woken; `waiting`: some are left."""
    simulation = Simulation(TOPOLOGY)
    for n in range(30):
        simulation.emit(search(f"s{n}", f"m{n}", "in 1"))
    simulation.drain()
    simulation.tick(START + MINUTE)
    worker = simulation.workers[0]
    simulation.step(worker, "actions.members")
    passes = 0
    while worker.work.waiting:
        simulation.step(worker, "actions.members", deadline=0.0)
        passes += 1
    assert passes == worker.work.counters.wake_ups > 1


def test_the_same_due_moment_twice_gives_two_ids() -> None:
    """A late event may bring back a moment that has passed: its wake-up is another event."""
    simulation = Simulation(TOPOLOGY)
    for n in range(3):
        simulation.emit(search(f"s{n}", "m", "in 5"))
        simulation.tick(START + (10 + n) * MINUTE)
        simulation.drain()
    assert heard(simulation) == [(f"rung {n} with 0 gifts", 5) for n in (1, 2, 3)]
    assert len({outcome.event_id for outcome in simulation.outcomes()}) == 2 * 3


def test_due_times_survive_a_crash() -> None:
    """The due index is rebuilt from the headers."""
    simulation = Simulation(TOPOLOGY)
    simulation.emit(search("1", "m", "in 5"))
    simulation.drain()
    for worker in simulation.workers:
        worker.reopen()
    simulation.tick(START + 5 * MINUTE)
    simulation.drain()
    assert heard(simulation) == [("rung 1 with 0 gifts", 5)]


def test_a_wake_up_that_raises_waits_and_its_key_goes_on() -> None:
    """It is parked with a retry in event time and counted; events of its key are taken."""
    simulation = Simulation(TOPOLOGY)
    simulation.emit(search("1", "m", "raise"))
    simulation.emit(look("2", "m", "a", START + 5 * MINUTE))
    simulation.tick(START + 6 * MINUTE)
    simulation.drain()
    assert heard(simulation) == [("a 1", 5)]
    assert counted(simulation, "wake_ups_parked") == 1
    simulation.tick(START + 65 * MINUTE)
    simulation.emit(look("3", "m", "a", START + 65 * MINUTE))
    simulation.tick(START + 66 * MINUTE)
    simulation.drain()
    assert heard(simulation) == [("a 1", 5), ("a 2", 65)]
    assert counted(simulation, "wake_ups_parked") == 2


def test_an_agent_that_stays_due_is_parked() -> None:
    """After a wake-up `wake_at` must be later, else nothing of it stands."""
    simulation = Simulation(TOPOLOGY)
    simulation.emit(search("1", "m", "stuck"))
    simulation.tick(START + 60 * MINUTE)
    simulation.drain()
    assert heard(simulation) == []
    assert counted(simulation, "wake_ups_parked") == 1


def test_tables_hear_each_tick_that_raises_time_and_agents_read_them() -> None:
    """A table's state is read by agents; a tick that raises nothing is not heard."""
    simulation = Simulation(TOPOLOGY)
    simulation.emit(gift("g1", "p1", 10))
    simulation.emit(search("1", "m", "in 5"))
    for minute in (6, 6, 3):
        simulation.tick(START + minute * MINUTE)
    simulation.drain()
    assert heard(simulation) == [("rung 1 with 1 gifts", 5)]
    for worker in simulation.workers[:3]:
        assert worker.store.values[b"tgifts\0"].endswith(b"\xa5ticks\x01")


def test_what_a_table_says_in_each_partition_has_ids_of_its_own() -> None:
    """Said once: partition 0. Said in each: three partitions, three ids."""
    simulation = Simulation(TOPOLOGY)
    simulation.emit(gift("g1", "p1", 10))
    simulation.emit(gift("g2", "p2", 13))
    simulation.drain()
    assert len({outcome.event_id for outcome in simulation.outcomes()}) == 1 + 3


def test_a_deadline_in_the_past_still_takes_one_record() -> None:
    """A pass always makes progress."""
    simulation = Simulation(TOPOLOGY)
    for n in range(3):
        simulation.emit(look(str(n), "m", "a"))
    worker = next(w for w in simulation.workers if simulation.waits(w, "actions.members"))
    assert [simulation.step(worker, "actions.members", deadline=d) for d in (0.0, inf)] == [1, 2]
