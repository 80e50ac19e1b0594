"""Tiers in the whole topology, in any order and under fire: what the orders make, whatever died when."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from itertools import pairwise
from random import Random

import pytest

from schemas.outcomes import OrderPlaced, PointsEarned, PointsPending
from schemas.tiers import TierChange, TierChanged
from streams.simulate import Simulation
from streams.topology import topology
from tests.audit.test_books import books, entries
from tests.simulation.guarded import guarded
from tests.simulation.schedule import played
from tests.simulation.world import DAY, TIERS

SEEDS = range(3)


@cache
def lived(seed: int) -> Simulation:
    """A seed's shop with verdicts and alerts, served in any order, with crashes."""
    told = guarded(seed).delivered
    until = told[-1][0] + 120 * DAY
    return played(topology(3), told, Random(seed), until=until, holdings_most=8)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_auditor_makes_the_same_of_the_orders(seed: int) -> None:
    """Tier, qualifying points and each grant's percent, computed again by code of its own."""
    simulation = lived(seed)
    made = books(simulation, entries(simulation, "outcomes."))
    for alert in entries(simulation, "alerts"):
        made.hear(alert)
    assert simulation.dead_letters() == []
    assert [found for found in made.finish() if "tier" in found or "qualif" in found] == []
    assert made.tiers.differences == []


def test_everything_happens() -> None:
    """Over the seeds there is each reason but another version, and each tier earns by its percent."""
    reasons: Counter[TierChange] = Counter()
    percents = set()
    for seed in SEEDS:
        for said in lived(seed).outcomes():
            if isinstance(said, TierChanged):
                reasons[said.reason] += 1
            elif isinstance(said, PointsPending | PointsEarned) and said.counts_at is not None:
                percents.add(said.earn_percent)
    assert set(reasons) >= {*TierChange} - {TierChange.UNKNOWN, TierChange.RULE_CHANGED}
    assert percents == {tier.earn_percent for tier in TIERS.tiers}


@pytest.mark.parametrize("seed", SEEDS)
def test_each_change_once_and_the_next_order_earns_by_it(seed: int) -> None:
    """A chain without gaps; a grant has the percent of the tier before its own order."""
    changes: dict[str, list[TierChanged]] = defaultdict(list)
    before: dict[str, int] = {}  # cause → percent when the order was placed
    percent: dict[str, int] = defaultdict(lambda: 100)
    for said in lived(seed).outcomes():
        if isinstance(said, OrderPlaced):
            before[said.event_id] = percent[said.member_id]
        elif isinstance(said, TierChanged):
            changes[said.member_id].append(said)
            percent[said.member_id] = said.earn_percent
        elif isinstance(said, PointsPending | PointsEarned) and said.counts_at is not None:
            assert said.earn_percent == before[said.caused_by]
    for chain in changes.values():
        assert [one.reason for one in chain if one.from_tier is None] == [TierChange.JOINED]
        assert all(later.from_tier == earlier.tier for earlier, later in pairwise(chain))
