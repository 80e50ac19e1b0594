"""The learner: near the batch fit in one pass, steady, forgetful by weeks; and its snapshots."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from agents import Place
from agents.loyalty import models
from agents.loyalty.features import NAMES, features
from agents.loyalty.model import (
    WEEK,
    Model,
    fade,
    learn,
    predict,
    prior_variances,
    prior_weights,
)
from agents.loyalty.training import LOYALTY_TRAINING, PUBLISH_AFTER, PUBLISH_EXAMPLES
from schemas.loyalty import LoyaltyModelPublished, LoyaltyObserved, PurchaseFigures
from tests.agents.loyalty.purchases_told import DAY, START, day
from tests.agents.rows import Life, stored


def figures(random: Random) -> PurchaseFigures:
    """Somebody."""
    member_days = random.uniform(0, 700)
    return PurchaseFigures(
        purchase_days=random.choice([1, 1, 1, 2, 3, 5, 12]),
        silent_days=random.uniform(0, member_days),
        member_days=member_days,
        log_amount=random.gauss(3.5, 1.0),
        recent_purchases=random.uniform(0, 3),
    )


def observed(at: int, known: PurchaseFigures, horizon_days: int, bought: bool) -> LoyaltyObserved:
    return LoyaltyObserved(
        model="loyalty",
        occurred_at=at,
        member_id="m",
        horizon_days=horizon_days,
        figures=known,
        bought=bought,
    )


def batch_fit(seen: list[tuple[list[float], bool]]) -> list[float]:
    """The weights of greatest likelihood, prior included, by a library's optimizer."""
    inputs = np.array([one for one, _ in seen])
    truth = np.array([bought for _, bought in seen], dtype=float)
    prior, variances = np.array(prior_weights()), np.array(prior_variances())

    def cost(weights: Any) -> float:
        log_odds = inputs @ weights
        misfit = np.sum(np.logaddexp(0.0, log_odds) - truth * log_odds)
        return float(misfit + np.sum((weights - prior) ** 2 / variances) / 2)

    found: list[float] = minimize(cost, prior, method="BFGS").x.tolist()
    return found


def test_one_pass_comes_near_the_batch_fit() -> None:
    """The mean difference in what both say is a hundredth; without learning it is five times that."""
    random = Random(5)
    truth = [-1.0, 0.8, 1.0, -0.5, -0.3, 0.3, *[0.0] * (len(NAMES) - 6)]
    seen = []
    for _ in range(600):
        inputs = features(figures(random), random.choice([7, 28, 91]))
        seen.append((inputs, random.random() < predict(truth, inputs)))
    model = Model()
    for inputs, bought in seen:
        learn(model, inputs, bought)
    fitted = batch_fit(seen)

    def apart(weights: list[float]) -> float:
        return sum(abs(predict(weights, x) - predict(fitted, x)) for x, _ in seen) / len(seen)

    assert apart(model.weights) < 0.02
    assert apart(prior_weights()) > 5 * apart(model.weights)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.0, 1.0))
def test_the_covariance_stays_one(seed: int, share: float) -> None:
    """Symmetric bit by bit, variances positive and never above the prior's, weights finite."""
    random = Random(seed)
    model = Model()
    for number in range(200):
        fade(model, START + number * WEEK // 3)
        learn(model, features(figures(random), random.choice([7, 182])), random.random() < share)
    for row, most in enumerate(prior_variances()):
        assert 0 < model.covariance[row][row] <= most * (1 + 1e-9)
        for column in range(row):
            assert model.covariance[row][column] == model.covariance[column][row]
    assert all(abs(weight) < 50 for weight in model.weights)


def test_what_was_learned_fades_by_weeks_and_not_beyond_the_prior() -> None:
    """Variances grow by 1 / 0.97 a week; a decade without examples makes no weight wilder."""
    random = Random(1)
    model = Model()
    fade(model, START)
    for _ in range(500):
        learn(model, features(figures(random), 28), random.random() < 0.3)
    before = model.covariance[0][0]
    fade(model, START + WEEK - 1)
    assert model.covariance[0][0] == before
    fade(model, START + WEEK)
    assert model.covariance[0][0] == pytest.approx(before / 0.97)
    fade(model, START + 520 * WEEK)
    for row, most in enumerate(prior_variances()):
        assert model.covariance[row][row] <= most * (1 + 1e-9)


def test_it_learns_a_change_of_customs() -> None:
    """Half a year after a change more than half of the way is gone; without fading it is less."""

    def said_at_the_end(weeks_kept: int) -> float:
        random = Random(3)
        model, said = Model(), []
        for number in range(3_000):
            fade(model, START + number * weeks_kept * WEEK // 3_000)
            share = 0.6 if number < 2_000 else 0.1
            said.append(learn(model, features(figures(random), 28), random.random() < share))
        assert sum(said[1_800:2_000]) / 200 == pytest.approx(0.6, abs=0.06)
        return sum(said[-100:]) / 100

    assert said_at_the_end(78) < 0.33 < 0.38 < said_at_the_end(0)


# ---- publication -----------------------------------------------------------------------------------


def published(life: Life, count: int, every: float) -> list[LoyaltyModelPublished]:
    random = Random(2)
    said = []
    for number in range(count):
        known = figures(random)
        said += life.hear(observed(day(number * every), known, 28, random.random() < 0.4))
    assert all(isinstance(one, LoyaltyModelPublished) for one in said)
    return said  # type: ignore[return-value]  # asserted above


def test_snapshots_are_few_once_much_is_known() -> None:
    """Often at first, then every thousand examples; versions without gaps."""
    said = published(Life(LOYALTY_TRAINING), 5_000, 1 / 100_000)
    assert [one.version for one in said] == list(range(1, len(said) + 1))
    assert said[0].examples == 1
    assert len(said) < 25
    assert [one.examples for one in said][-2:] == [
        said[-2].examples,
        said[-2].examples + PUBLISH_EXAMPLES,
    ]


def test_a_slow_stream_is_published_daily() -> None:
    """A day of event time is the longest that an example waits for the next one to publish it."""
    said = published(Life(LOYALTY_TRAINING), 100, 0.25)
    gaps = [b.occurred_at - a.occurred_at for a, b in pairwise(said)]
    assert max(gaps) <= PUBLISH_AFTER
    assert said[-1].brier is not None
    assert 0 < said[-1].brier < 0.5


def test_a_snapshot_scores_as_the_learner_does_and_an_older_one_is_not_taken() -> None:
    """The table holds the newest weights, whatever comes late."""
    life = Life(LOYALTY_TRAINING)
    said = published(life, 300, 0.01)
    table = models.Published()
    for event in (*said, said[0]):
        tuple(models.react(table, event, Place(0, 2)))
    assert table.version == said[-1].version
    assert table.weights == said[-1].weights
    known = figures(Random(9))
    assert predict(table.weights, features(known, 90)) == pytest.approx(
        predict(life.state.model.weights, features(known, 90)), abs=0.1
    )


def test_the_learner_is_small() -> None:
    """Weights and covariance: a few kilobytes, however much was learned."""
    life = Life(LOYALTY_TRAINING)
    published(life, 300, 0.1)
    assert stored(LOYALTY_TRAINING, life.state)[0] < 4_096
    assert DAY == PUBLISH_AFTER
