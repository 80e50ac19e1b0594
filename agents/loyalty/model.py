"""The model: logistic regression that learns one example at a time by a second-order step.

Each example moves the weights by the inverse of all curvature seen so far (the extended Kalman filter of
a logistic likelihood, which is online Newton: one pass comes near the batch fit). The prior says what
holds in most shops, weakly: more purchases and a longer horizon raise the chance, silence lowers it; so
members can be ranked before the first label. What was learned fades by 3 % a week, as customs change.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, isfinite, sqrt
from operator import mul, sub

from msgspec import Struct, field

from agents.calendar import DAY
from agents.loyalty.features import NAMES

WEEK = 7 * DAY
PRIOR = {"one": -1.5, "horizon": 0.7, "frequency": 0.7, "silence": -0.3}
VARIANCE = 0.1  # of a weight before any example
VARIANCE_OF_PRODUCTS = 1 / 30
KEPT_A_WEEK = 0.97
CURVATURE_LEAST = 1e-3  # p (1 - p) of an example that was certain
LOG_ODDS_MOST = 30.0


def prior_weights() -> list[float]:
    """What is assumed before the first example, log-odds."""
    return [PRIOR.get(name, 0.0) for name in NAMES]


def prior_variances() -> list[float]:
    """How far a weight may be from its prior, squared."""
    return [VARIANCE_OF_PRODUCTS if " by " in name else VARIANCE for name in NAMES]


def _prior_covariance() -> list[list[float]]:
    variances = prior_variances()
    return [
        [variance if row == column else 0.0 for column in range(len(variances))]
        for row, variance in enumerate(variances)
    ]


class Model(Struct, array_like=True):
    """Weights, their covariance (symmetric, one row a weight), and how much was learned from."""

    weights: list[float] = field(default_factory=prior_weights)
    covariance: list[list[float]] = field(default_factory=_prior_covariance)
    examples: int = 0
    bought: int = 0
    faded_until: int = 0


def probability(log_odds: float) -> float:
    """The logistic function.

    >>> probability(0.0), probability(-1e9) > 0
    (0.5, True)
    """
    return 1.0 / (1.0 + exp(-min(max(log_odds, -LOG_ODDS_MOST), LOG_ODDS_MOST)))


def predict(weights: Sequence[float], features: Sequence[float]) -> float:
    """The chance of a purchase."""
    return probability(sum(map(mul, weights, features)))


def learn(model: Model, features: Sequence[float], bought: bool) -> float:
    """Learn from one example; returns what the model said of it just before."""
    said = predict(model.weights, features)
    curvature = max(said * (1.0 - said), CURVATURE_LEAST)
    reach = [sum(map(mul, row, features)) for row in model.covariance]  # covariance · features
    spread = sum(map(mul, reach, features))
    assert isfinite(spread), features
    assert spread >= 0.0, spread
    # The same product for (row, column) and (column, row): the covariance stays symmetric bit by bit.
    scale = sqrt(curvature / (1.0 + curvature * spread))
    taken = [scale * value for value in reach]
    model.covariance = [
        list(map(sub, row, [part * other for other in taken]))
        for row, part in zip(model.covariance, taken, strict=True)
    ]
    step = (bought - said) / (1.0 + curvature * spread)
    model.weights = [
        weight + step * value for weight, value in zip(model.weights, reach, strict=True)
    ]
    model.examples += 1
    model.bought += bought
    return said


def fade(model: Model, at: int) -> None:
    """Let what was learned weigh less as time passes (milliseconds), week by week.

    Variances grow by 1 / 0.97 a week, each up to its prior's: time without examples must not make the
    model wild. Rows and columns are scaled alike, so that correlations stay as they are.
    """
    if not model.faded_until:
        model.faded_until = at
    while at - model.faded_until >= WEEK:
        model.faded_until += WEEK
        scales = [
            sqrt(max(min(1.0 / KEPT_A_WEEK, most / row[place]), 1.0))
            for place, (most, row) in enumerate(
                zip(prior_variances(), model.covariance, strict=True)
            )
        ]
        model.covariance = [
            [value * (one * other) for value, other in zip(row, scales, strict=True)]
            for row, one in zip(model.covariance, scales, strict=True)
        ]
