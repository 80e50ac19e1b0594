"""Loyalty through the whole topology: examples reach the learner, its weights come back, scores use them."""

from __future__ import annotations

from collections import defaultdict

import pytest

from agents.loyalty.features import features
from agents.loyalty.model import predict
from schemas import codec, topics
from schemas.loyalty import LoyaltyModelPublished, LoyaltyObserved, LoyaltyScored
from schemas.outcomes import OrderPlaced, OrderState, OrderStateChanged
from streams.simulate import Simulation
from streams.topology import topology
from tests.simulation.schedule import played
from tests.simulation.world import DAY, Shape, world

TOPOLOGY = topology(2)


def lived(seed: int) -> Simulation:
    made = world(seed, Shape(members=5, steps=150, days=120))
    return played(TOPOLOGY, made.delivered, until=made.delivered[-1][0] + 60 * DAY)


@pytest.mark.parametrize("seed", range(2))
def test_what_is_learned_comes_back(seed: int) -> None:
    """Versions rise one by one; every score follows from its figures and the weights of its version."""
    simulation = lived(seed)
    assert simulation.dead_letters() == []
    said = list(simulation.outcomes())
    observed = [one for one in said if isinstance(one, LoyaltyObserved)]
    published = {
        one.version: one
        for record in simulation.committed
        if record.topic == topics.MODELS
        and record.value is not None
        and isinstance(one := codec.decode(record.value), LoyaltyModelPublished)
    }
    assert sorted(published) == list(range(1, len(published) + 1))
    assert max(one.examples for one in published.values()) <= len(observed)
    scores = [one for one in said if isinstance(one, LoyaltyScored)]
    assert max(one.model_version for one in scores) > len(published) // 2
    for score in scores:
        if score.figures is not None and score.model_version:
            weights = published[score.model_version].weights
            expected = predict(weights, features(score.figures, score.horizon_days))
            assert score.probability == expected


@pytest.mark.parametrize("seed", range(2))
def test_the_last_score_counts_what_was_kept(seed: int) -> None:
    """Recomputed from the orders alone: days with an order that was not returned whole."""
    kept: dict[str, dict[str, int]] = defaultdict(dict)
    last: dict[str, LoyaltyScored] = {}
    for one in lived(seed).outcomes():
        match one:
            case OrderPlaced():
                kept[one.member_id][one.order_id] = one.occurred_at // DAY
            case OrderStateChanged(state=OrderState.RETURNED):
                kept[one.member_id].pop(one.order_id, None)
            case LoyaltyScored():
                last[one.member_id] = one
            case _:
                pass
    assert set(last) == set(kept)
    for member_id, score in last.items():
        days = set(kept[member_id].values())
        assert score.repeat_purchases == max(len(days) - 1, 0)
        assert (score.figures is None) == (not days)
