"""What is held of keys, and what becomes of it when others take its place."""

from __future__ import annotations

import gc
from collections import Counter

from streams.memory import Holding
from streams.simulate import Simulation
from tests.streams.small_agents import TOPOLOGY, look

KEYS = 60
MOST = 4


def test_what_is_forgotten_is_freed_at_once() -> None:
    """A state and what reads its maps make no cycle: nothing waits for Python's collector."""
    gc.collect()
    before = _held()
    gc.disable()
    try:
        simulation = Simulation(TOPOLOGY, holdings_most=MOST)
        for number in range(KEYS):
            simulation.emit(look(f"{number}", f"m{number}", "a"))
            simulation.drain()
        left = _held() - before
    finally:
        gc.enable()
    members = [key for key in left if key.startswith("m")]
    assert 0 < len(members) <= MOST * len(simulation.workers)
    assert len(members) < KEYS / 2


def _held() -> Counter[str]:
    return Counter(one.key for one in gc.get_objects() if isinstance(one, Holding))
