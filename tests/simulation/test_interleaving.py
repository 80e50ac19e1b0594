"""Small agents under random schedules: what is said does not depend on who is served when."""

from __future__ import annotations

from random import Random

import pytest

from schemas.outcomes import MemberEnrolled
from schemas.record import Event
from streams.simulate import Simulation
from tests.simulation.schedule import played
from tests.streams.small_agents import MINUTE, START, TOPOLOGY, gift, look, search

SEEDS = range(12)


def actions(seed: int) -> list[tuple[int, Event]]:
    """Looks and searches of some members, some twice, some poisoned."""
    random = Random(seed)
    made: list[tuple[int, Event]] = [(START, gift("g", "p0", 5, START))]
    for n in range(300):
        at, member = START + n * 7 * MINUTE, f"m{random.randrange(10)}"
        product = random.choice(["a", "b", "guest", "guest"] + ["poison"] * (n % 50 == 7))
        action: Event = look(f"e{n}", member, product, at)
        if random.random() < 0.3:
            action = search(f"e{n}", member, f"in {random.randrange(1, 600)}", at)
        made += [(at, action)] * random.choice([1, 1, 1, 2])
    return made


def ids(simulation: Simulation) -> list[str]:
    return sorted(outcome.event_id for outcome in simulation.outcomes())


def counted(simulation: Simulation) -> list[MemberEnrolled]:
    """What follows from a member's own actions alone, and not from when an answer came back."""
    found = [outcome for outcome in simulation.outcomes() if isinstance(outcome, MemberEnrolled)]
    return sorted(found, key=lambda outcome: outcome.event_id)


@pytest.mark.parametrize("seed", SEEDS)
def test_schedules_and_crashes_change_nothing_that_a_member_sees(seed: int) -> None:
    """Exactly once, whatever dies when: the same outcomes under the same ids."""
    calm = played(TOPOLOGY, actions(seed))
    wild = played(TOPOLOGY, actions(seed), Random(seed), holdings_most=4)
    assert ids(wild) == ids(calm), f"seed {seed}"
    assert counted(wild) == counted(calm), f"seed {seed}"
    assert views(wild) == views(calm), f"seed {seed}"


def views(simulation: Simulation) -> dict[bytes, bytes]:
    return {
        key: value
        for worker in simulation.workers
        for key, value in worker.store.values.items()
        if key.startswith(b"sview")
    }
