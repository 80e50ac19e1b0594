"""What cannot be taken: dead letters with a reason, poisoned events, and what stops the process."""

from __future__ import annotations

import pytest

from agents import BrokenLedger
from schemas.codec import encode
from schemas.dead_letters import DeadLetterProblem as Problem
from schemas.outcomes import MemberEnrolled
from streams.identity import partition_of
from streams.simulate import MemoryStore, Simulation
from streams.trouble import InsideBroken, StoreBroken, TooManyPoisoned
from streams.work import StageBehaviour
from tests.streams.small_agents import MINUTE, START, TOPOLOGY, gift, look, search

ACTIONS = "actions.members"
HOME = partition_of("m", 3)
GOOD = encode(look("1", "m", "a"))
DAY = 24 * 60 * MINUTE


def problems(simulation: Simulation) -> list[Problem]:
    simulation.drain()
    return [letter.problem for letter in simulation.dead_letters()]


@pytest.mark.parametrize(
    ("problem", "key", "value"),
    [
        (Problem.UNREADABLE, b"m", b"\x07nonsense"),
        (Problem.UNREADABLE, b"m", None),
        (Problem.UNREADABLE, b"m", GOOD[:-3]),
        (Problem.UNKNOWN_SCHEMA, b"m", b"\xc3\x01" + bytes(8) + GOOD[10:]),
        (Problem.OVERSIZE, b"m", bytes(600_000)),
        (Problem.INVALID, b"m", encode(look("1", "m", ""))),
        (
            Problem.WRONG_TOPIC,
            b"m",
            encode(MemberEnrolled(event_id="e", member_id="m", occurred_at=1)),
        ),
        (Problem.WRONG_KEY, b"other", GOOD),
        (Problem.WRONG_KEY, None, GOOD),
    ],
)
def test_bad_records_are_dead_letters(problem: Problem, key: bytes, value: bytes) -> None:
    """Each has a named problem, a sentence, and the record whole; what follows is taken."""
    simulation = Simulation(TOPOLOGY)
    bad = simulation.append(ACTIONS, HOME, START, key, value)
    simulation.emit(look("2", "m", "a"))
    assert problems(simulation) == [problem]
    letter = simulation.dead_letters()[0]
    assert letter.detail.endswith(".")
    assert (letter.topic, letter.partition, letter.offset) == (ACTIONS, HOME, bad.offset)
    assert letter.record_key == key
    assert letter.record_value == (value and value[: 256 * 1024])
    assert len(list(simulation.outcomes())) == 3


def test_a_key_in_a_partition_of_another_partitioner_is_refused() -> None:
    """Else one key would live in two partitions."""
    simulation = Simulation(TOPOLOGY)
    simulation.append(ACTIONS, (HOME + 1) % 3, START, b"m", GOOD)
    assert problems(simulation) == [Problem.WRONG_KEY]
    assert "murmur2" in simulation.dead_letters()[0].detail


@pytest.mark.parametrize(
    ("ticks", "at", "expected"),
    [
        ([], START + 1000 * DAY, []),
        ([0], START + 65 * MINUTE, []),
        ([0], START + 65 * MINUTE + 1, [Problem.IN_THE_FUTURE]),
        ([0, 1], START + 7 * MINUTE, []),
        ([0, 1], START + 7 * MINUTE + 1, [Problem.IN_THE_FUTURE]),
        ([0, 60], START + 125 * MINUTE, []),
        ([0, 600], START + 665 * MINUTE + 1, [Problem.IN_THE_FUTURE]),
        ([0], START - 400 * DAY, []),
        ([0], START - 400 * DAY - 1, [Problem.TOO_OLD]),
    ],
)
def test_times_are_measured_by_the_partitions_ticks(
    ticks: list[int], at: int, expected: list[Problem]
) -> None:
    """Before the first tick nothing is refused; then 5 minutes past the tick expected next."""
    simulation = Simulation(TOPOLOGY)
    for minute in ticks:
        simulation.tick(START + minute * MINUTE)
    simulation.emit(look("1", "m", "a", at))
    assert problems(simulation) == expected


def test_the_same_event_again_is_counted_and_dropped() -> None:
    """Ten times the same event: once taken, nine times counted."""
    simulation = Simulation(TOPOLOGY)
    for _ in range(10):
        simulation.emit(look("1", "m", "a"))
        simulation.emit(gift("g", "p", 5))
    assert problems(simulation) == []
    assert sum(w.work.counters.repeats for w in simulation.workers) == 9 + 3 * 9
    assert len(list(simulation.outcomes())) == 3 + 1


def test_the_same_id_with_other_content_conflicts() -> None:
    """Nothing of the second is applied, and the first stays known."""
    simulation = Simulation(TOPOLOGY)
    for product in ("a", "b", "a"):
        simulation.emit(look("1", "m", product))
    assert problems(simulation) == [Problem.CONFLICTS]
    assert len(list(simulation.outcomes())) == 3


def test_the_ring_knows_the_last_32_ids() -> None:
    """The 33rd pushes the first out; natural ids guard beyond it."""
    simulation = Simulation(TOPOLOGY)
    for n in [*range(33), 1, 0]:
        simulation.emit(look(str(n), "m", f"p{n}"))
    assert problems(simulation) == []
    assert sum(w.work.counters.repeats for w in simulation.workers) == 1


def test_only_the_poisoned_event_goes_and_nothing_of_it_stays() -> None:
    """State, map, outputs and ring are as if it had never come; its id may come again."""
    good = [look(str(n), f"m{n % 3}", "a") for n in range(40)]
    clean, dirty = Simulation(TOPOLOGY), Simulation(TOPOLOGY)
    for n, action in enumerate(good):
        clean.emit(action)
        if n in (0, 17, 39):
            dirty.emit(look(f"bad{n}", f"m{n % 3}", "poison"))
        dirty.emit(action)
    assert problems(clean) == []
    assert problems(dirty) == [Problem.RAISED] * 3
    assert "ValueError: it cannot be counted" in dirty.dead_letters()[0].detail
    assert [w.store.values for w in clean.workers] == [w.store.values for w in dirty.workers]
    assert sorted(o.event_id for o in clean.outcomes()) == sorted(
        o.event_id for o in dirty.outcomes()
    )
    assert sum(w.work.counters.events for w in dirty.workers) == 3 + sum(
        w.work.counters.events for w in clean.workers
    )


def test_what_is_too_large_is_a_poisoned_event() -> None:
    """An outcome beyond 512 KiB, or a state beyond 64 KiB, is dropped with its event."""
    simulation = Simulation(TOPOLOGY)
    simulation.emit(look("1", "m", "huge"))
    for n in range(180):  # what `listen` keeps grows with each
        simulation.emit(look(f"e{n}", "m", "p" * 120 + str(n)))
    assert set(problems(simulation)) == {Problem.OVERSIZE}
    assert all(len(v) <= 65_536 for w in simulation.workers for v in w.store.values.values())


def test_an_outcome_that_no_reader_takes_is_a_poisoned_event() -> None:
    """Beyond its own limits, or a word of another stage: else every reader of it would stop."""
    simulation = Simulation(TOPOLOGY)
    simulation.emit(look("1", "m", "limit"))
    simulation.emit(look("2", "m", "foreign"))
    assert problems(simulation) == [Problem.RAISED] * 2
    assert list(simulation.outcomes()) == []


def test_a_poisoned_broadcast_changes_no_table() -> None:
    """A table that raises is a dead letter in each partition; the tick goes on."""
    simulation = Simulation(TOPOLOGY)
    simulation.emit(gift("g1", "p1", 666))
    simulation.emit(gift("g2", "p2", 5))
    assert problems(simulation) == [Problem.RAISED] * 3
    assert b"tgifts\0" in simulation.workers[0].store.values
    assert b"p1" not in simulation.workers[0].store.values[b"tgifts\0"]


def test_a_broken_ledger_stops_the_process() -> None:
    """It is never a dead letter."""
    simulation = Simulation(TOPOLOGY)
    simulation.emit(look("1", "m", "ledger"))
    with pytest.raises(BrokenLedger):
        simulation.drain()


def test_too_many_poisoned_events_stop_the_process() -> None:
    """More than a hundredth of a window: the fault is not in the events."""
    simulation = Simulation(TOPOLOGY)
    for n in range(30):
        simulation.emit(look(f"bad{n}", "m", "poison"))
    with pytest.raises(TooManyPoisoned, match="ValueError"):
        simulation.drain()


def test_few_poisoned_events_among_many_do_not() -> None:
    """Less than a hundredth goes on."""
    simulation = Simulation(TOPOLOGY)
    for n in range(3_000):
        simulation.emit(search(f"e{n}", f"m{n % 50}", "in 5"))
        if n % 120 == 119:
            simulation.emit(look(f"bad{n}", f"m{n % 50}", "poison"))
    assert problems(simulation) == [Problem.RAISED] * 25


@pytest.mark.parametrize("value", [b"\xc3\x01" + bytes(8) + GOOD[10:], b"", GOOD])
def test_what_comes_from_inside_and_cannot_be_taken_stops_the_process(value: bytes) -> None:
    """An unknown fingerprint from an inside writer: upgrade the reader first."""
    simulation = Simulation(TOPOLOGY)
    simulation.append("to.members", HOME, START, b"m", value)
    with pytest.raises(InsideBroken, match=r"to\.members"):
        simulation.drain()


class BrokenStore(MemoryStore):
    """A store that fails on one key, as a disk does."""

    def get(self, key: bytes) -> bytes | None:
        if key.startswith(b"mcount"):
            raise OSError("input/output error")
        return super().get(key)


def test_a_store_that_fails_stops_the_process() -> None:
    """A failing disk is not the event's fault, though it shows inside an agent's call."""
    simulation = Simulation(TOPOLOGY)
    record = simulation.append(ACTIONS, HOME, START, b"m", GOOD)
    work = StageBehaviour("members", TOPOLOGY).open(HOME, BrokenStore())
    with pytest.raises(StoreBroken):
        work.run([record], 0.0)
