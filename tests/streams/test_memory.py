"""What is held of keys, and what becomes of it when others take its place."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import Any

from streams.identity import partition_of
from streams.memory import Holding
from streams.simulate import Simulation
from tests.streams.small_agents import TOPOLOGY, look, search

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


def test_what_a_pass_will_touch_is_read_at_once() -> None:
    """Also the states of agents that hear what others say, and those that a known key has not shown yet."""
    simulation = Simulation(TOPOLOGY)
    simulation.emit(look("1", "m1", "a"))
    simulation.drain()
    alone, together = _note_reads(simulation)
    for number, member in enumerate(_of_the_partition_of("m1", 2)):
        simulation.emit(search(f"s{number}", member, "in 5"))
        simulation.emit(look(f"l{number}", member, "a"))
        simulation.drain()
        states = {
            b"s" + agent + b"\0" + member.encode() for agent in (b"count", b"listen", b"last")
        }
        assert states <= set(together)
    assert not [key for key in alone if key.startswith((b"h", b"s"))]


def _of_the_partition_of(key: str, count: int) -> list[str]:
    """Other keys that lie where this one does."""
    partitions = TOPOLOGY.partitions["members"]
    others = (f"other-{number}" for number in range(100))
    same = (one for one in others if partition_of(one, partitions) == partition_of(key, partitions))
    return list(islice(same, count))


def _note_reads(simulation: Simulation) -> tuple[list[bytes], list[bytes]]:
    """From now on: the keys that are read one by one, and those that are read with others."""
    alone: list[bytes] = []
    together: list[bytes] = []
    for worker in simulation.workers:
        worker.store.get = _noted(worker.store.get, alone.append)  # type: ignore[method-assign]
        worker.store.get_many = _noted(worker.store.get_many, together.extend)  # type: ignore[method-assign]
    return alone, together


def _noted(read: Callable[[Any], Any], note: Callable[[Any], None]) -> Callable[[Any], Any]:
    def noting(keys: Any) -> Any:
        note(keys)
        return read(keys)

    return noting


def _held() -> Counter[str]:
    return Counter(one.key for one in gc.get_objects() if isinstance(one, Holding))
