"""The same on the store that workers use: RocksDB gives back what a dict does."""

from __future__ import annotations

from math import inf
from pathlib import Path

from streams.simulate import LogRecord, MemoryStore, Simulation
from streams.store import Store, open_cache
from streams.work import StageBehaviour
from tests.simulation.schedule import BOUNDS, played
from tests.simulation.test_interleaving import actions
from tests.streams.small_agents import TOPOLOGY

CACHE_BYTES = 8 * 1024 * 1024


def test_rocksdb_and_memory_agree(tmp_path: Path) -> None:
    """All that one partition heard, run again over RocksDB with hardly any memory and restarts."""
    lived = played(TOPOLOGY, actions(5))
    heard = in_order(lived)
    store, plain = Store(tmp_path / "store", open_cache(CACHE_BYTES)), MemoryStore()
    behaviour = StageBehaviour("members", TOPOLOGY, bounds=BOUNDS, holdings_most=2)
    for start in range(0, len(heard), 37):
        on_disk, in_memory = behaviour.open(0, store), behaviour.open(0, plain)
        batch = heard[start : start + 37]
        while batch:
            taken = on_disk.run(batch, inf)
            assert in_memory.run(batch, inf) == taken
            batch = batch[taken:]
        effects = on_disk.effects()
        assert effects == in_memory.effects()
        store.write(effects.changes.items(), start, "topic")
        plain.write(effects.changes)
    assert dict(plain.scan(b"")) == dict(store.scan(b""))
    assert plain.values
    store.close()


def in_order(simulation: Simulation) -> list[LogRecord]:
    """What partition 0 of the members stage read, by time."""
    logs = simulation.logs["actions.members", 0] + simulation.logs["to.members", 0]
    return sorted(logs, key=lambda record: record.timestamp)
