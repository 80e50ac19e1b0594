"""What a partition's work counted reaches Prometheus once, after the commit."""

from __future__ import annotations

from collections import Counter

from prometheus_client import REGISTRY

from streams.counters import Counters
from streams.metrics import StageMetrics
from streams.simulate import Simulation
from tests.streams.small_agents import START, TOPOLOGY


def value(name: str, **labels: str) -> float:
    """A metric as a scrape would find it; 0 before it was ever counted."""
    return REGISTRY.get_sample_value(f"memberstream_{name}", labels) or 0.0


def test_what_was_counted_reaches_prometheus() -> None:
    """A repeat and two dead letters of two kinds, by stage and problem."""
    metrics = StageMetrics("counted")
    metrics.counted(Counters(repeats=1, dead_letters=Counter({"UNREADABLE": 1, "INVALID": 2})))
    metrics.counted(Counters(wake_ups=3, dead_letters=Counter({"INVALID": 1})))
    assert value("repeats_total", stage="counted") == 1
    assert value("wake_ups_total", stage="counted") == 3
    assert value("dead_letters_total", stage="counted", problem="UNREADABLE") == 1
    assert value("dead_letters_total", stage="counted", problem="INVALID") == 3


def test_effects_carry_the_difference() -> None:
    """Asked twice, the second time nothing is left to tell."""
    simulation = Simulation(TOPOLOGY)
    simulation.append("actions.members", 0, START, b"m", b"rubbish")
    worker = simulation.workers[0]
    worker.work.run(simulation.logs["actions.members", 0], float("inf"))
    first, second = worker.work.effects().counted, worker.work.effects().counted
    assert first is not None
    assert second is not None
    assert sum(first.dead_letters.values()) == first.events == 1
    assert (sum(second.dead_letters.values()), second.events) == (0, 0)
