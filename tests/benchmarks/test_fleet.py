"""The fire: the same seed is the same fire, and it kills and stops in bounds."""

from __future__ import annotations

import signal
import sys
from itertools import pairwise
from pathlib import Path

from benchmarks.fleet import Fire, Fleet, Process, eventually


def test_the_same_seed_is_the_same_fire() -> None:
    """Every blow of it; another seed has others."""
    assert Fire(1).schedule(60, 4) == Fire(1).schedule(60, 4)
    assert Fire(1).schedule(60, 4) != Fire(2).schedule(60, 4)
    assert Fire(1).schedule(120, 4)[:8] == Fire(1).schedule(60, 4)[:8]


def test_blows_keep_their_distance_and_reach_all() -> None:
    """Three to nine seconds apart, kills and stops, each of the targets."""
    blows = [blow for seed in range(10) for blow in Fire(seed).schedule(60, 4)]
    for seed in range(10):
        times = [0.0, *(blow.at for blow in Fire(seed).schedule(60, 4))]
        assert all(3 <= later - earlier <= 9 for earlier, later in pairwise(times))
    assert {blow.signal for blow in blows} == {signal.SIGKILL, signal.SIGSTOP}
    assert {blow.target for blow in blows} == {0, 1, 2, 3}


def test_after_the_fire_all_run(tmp_path: Path) -> None:
    """What was killed is started again, what was stopped goes on."""
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    fleet = Fleet([Process(command, {}, tmp_path / f"{n}.log") for n in range(2)])
    fire = Fire(seed=1, least_seconds=0.1, most_seconds=0.3, stop_share=0.5, stop_seconds=9.0)
    try:
        assert fire.rage(fleet, 2) == fire.schedule(2, 2)
        assert sum(len(process.exits) for process in fleet.processes) >= 1
        assert eventually(lambda: all(p.running and not p.stopped() for p in fleet.processes))
    finally:
        fleet.close()
