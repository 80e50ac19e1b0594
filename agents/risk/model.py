"""The model: each feature is cut into fixed bins, each bin has one weight, the log-odds are their sum.

It is logistic regression over bins, learned one example at a time by AdaGrad (Duchi, Hazan and Singer,
2011), without class weights, so that what it says is a probability. An example is scored when it is
paid and learned from when its label comes, with the features of that earlier moment.

There are two views of the same weights. The whole view takes all features. The member's own view takes
the token's side as not known; the part of a fraud that it leaves unexplained is the evidence against the
tokens. Learning rate and start are the same for all data; they are arguments so that a challenger can
have others.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, MutableMapping
from math import exp, isfinite, sqrt
from typing import NamedTuple, Protocol

from msgspec import Struct, field

from agents.risk.features import GENERAL, GRIDS, MISSING, OF_TOKEN_SIDE, bin_of
from schemas.risk import Weights

RATE = 0.3
FIRST_SQUARES = 0.3  # AdaGrad's sum before the first gradient: it damps the first steps
PRIOR = -4.6  # log-odds before any example: one in a hundred
UNKNOWN = 0.01  # the same as a probability: what was said where nothing was said
LOG_ODDS_MOST = 30.0
WEIGHTS_MOST = 4_000  # of a snapshot: some ten bytes each, so it stays below 60 KiB
FEATURES_MOST = 400
POINTS = 1_000


class Weighted(Protocol):
    """What a score needs: the base, and by feature the weights of its bins (log-odds)."""

    @property
    def base(self) -> float:
        """Log-odds before any feature."""

    @property
    def weights(self) -> Mapping[str, Mapping[int, float]]:
        """By feature and bin."""


class Column(Struct, frozen=True, array_like=True):
    """A feature's bins: their weights, and the sums of squared gradients; who learns owns the maps."""

    weights: dict[int, float] = field(default_factory=dict)
    squares: dict[int, float] = field(default_factory=dict)


Columns = MutableMapping[str, Column]


class Model(Struct):
    """What learns, beside its columns: the base, the features it knows, and how much it has seen."""

    base: float = PRIOR
    base_squares: float = FIRST_SQUARES
    features: list[str] = field(default_factory=list)
    examples: int = 0
    frauds: int = 0
    learned_until: int = 0
    rate: float = RATE

    def fraud_share(self) -> float:
        """Of the examples, by Laplace's rule of succession: never 0 or 1."""
        return (self.frauds + 1) / (self.examples + 2)


class Snapshot(NamedTuple):
    """A model as plain data, to score with."""

    base: float
    weights: dict[str, dict[int, float]]


class Used(NamedTuple):
    """A feature as it went into a score: its value (none: missing) and the weight of its bin."""

    name: str
    value: float | None
    weight: float


class Correction(NamedTuple):
    """What an example corrects: its label before, and what was said of it when it was paid."""

    label: bool
    said: float

    def moves(self, said: float) -> bool:
        """Whether what is said today is still to the earlier label's side of what was said then."""
        return said > self.said if self.label else said < self.said


# ---- scoring ---------------------------------------------------------------------------------------


def probability(log_odds: float) -> float:
    """The logistic function.

    >>> probability(0.0), round(probability(-4.6), 4), probability(-1e9) > 0
    (0.5, 0.01, True)
    """
    return 1.0 / (1.0 + exp(-min(max(log_odds, -LOG_ODDS_MOST), LOG_ODDS_MOST)))


def predict(model: Weighted, features: Mapping[str, float]) -> float:
    """The probability of fraud, all features taken."""
    return _predict(model, features, ())


def predict_own(model: Weighted, features: Mapping[str, float]) -> float:
    """The probability of fraud as the member's own side tells it: of tokens nothing is known."""
    return _predict(model, features, OF_TOKEN_SIDE)


def _predict(model: Weighted, features: Mapping[str, float], unknown: Collection[str]) -> float:
    total = model.base
    for name, bins in model.weights.items():
        value = features.get(name)
        if value is None or name in unknown:
            number = MISSING
        else:
            number = bisect_right(GRIDS.get(name, GENERAL), value)
        total += bins.get(number, 0.0)
    return probability(total)


def evidence(model: Weighted, features: Mapping[str, float], fraud: bool) -> float:
    """The part of a label that the member's own side did not explain, 0 to 1."""
    return 1.0 - predict_own(model, features) if fraud else 0.0


def used(model: Weighted, features: Mapping[str, float]) -> list[Used]:
    """Every feature that changed the log-odds, with value and weight, the heaviest first."""
    found = (
        Used(name, value, weight)
        for name, bins in model.weights.items()
        for value in (features.get(name),)
        if (weight := bins.get(bin_of(name, value), 0.0))
    )
    return sorted(found, key=lambda one: (-abs(one.weight), one.name))


def score(base: float, weights: Iterable[float]) -> int:
    """0 to 1000: the probability in thousandths.

    >>> score(-4.6, [5.0, 1.5]), score(0.0, [])
    (870, 500)
    """
    return round(POINTS * probability(base + sum(weights)))


def contributions(base: float, weights: Mapping[str, float]) -> dict[str, int]:
    """What each feature adds to the score, in points; with the entry "" for the base they add up to it.

    Along the straight way from the base's log-odds to the whole, each feature's share is its part of
    the way (integrated gradients; Sundararajan, Taly and Yan, 2017): all have the same slope, and the
    points that rounding leaves over go to the largest remainders.

    >>> contributions(-4.6, {"amount_deviations": 5.0, "hour_of_day": 1.5, "payments": 0.0})
    {'': 10, 'amount_deviations': 662, 'hour_of_day': 198, 'payments': 0}
    """
    total = sum(weights.values())
    first, last = probability(base), probability(base + total)
    slope = (last - first) / total if abs(total) > 1e-9 else first * (1.0 - first)
    shares = {"": POINTS * first}
    shares.update((name, POINTS * slope * weight) for name, weight in weights.items())
    points = {name: int(share // 1) for name, share in shares.items()}
    left = score(base, weights.values()) - sum(points.values())
    by_remainder = sorted(shares, key=lambda name: (points[name] - shares[name], name))
    for number in range(abs(left)):
        points[by_remainder[number % len(by_remainder)]] += 1 if left > 0 else -1
    return points


# ---- learning --------------------------------------------------------------------------------------


def learn(
    model: Model,
    columns: Columns,
    features: Mapping[str, float],
    fraud: bool,
    weight: float = 1.0,
    correction: Correction | None = None,
) -> float:
    """Learn from one example; returns what the model said of it just before.

    `weight` is the share of a full example. A correction gives its own label's push and takes the earlier
    one's back, as long as the model is still moved by it. Every column that was touched is set again in
    `columns`.
    """
    return learn_binned(model, columns, binned(features), fraud, weight, correction)


def binned(features: Mapping[str, float]) -> dict[str, int]:
    """The bin of every feature that has a value: the same for all variants that learn from it."""
    grid_of = GRIDS.get
    return {name: bisect_right(grid_of(name, GENERAL), value) for name, value in features.items()}


def learn_binned(
    model: Model,
    columns: Columns,
    bins: Mapping[str, int],
    fraud: bool,
    weight: float = 1.0,
    correction: Correction | None = None,
) -> float:
    """As `learn`, of features that are `binned` already."""
    if correction is None:
        model.examples += 1
        model.frauds += fraud
    else:
        model.frauds += fraud - correction.label
    return _step(model, columns, bins, fraud, weight, correction)


def rehearse(model: Model, columns: Columns, bins: Mapping[str, int]) -> None:
    """Learn once more from an honest example that is counted already."""
    _step(model, columns, bins, False, 1.0, None)


def _step(
    model: Model,
    columns: Columns,
    bins: Mapping[str, int],
    fraud: bool,
    weight: float,
    correction: Correction | None,
) -> float:
    touched = _touched(model, columns, bins)
    total = model.base + sum([column.weights.get(number, 0.0) for _, column, number in touched])
    said = probability(total)
    error = said - fraud
    if correction is not None and correction.moves(said):
        error += correction.label - correction.said
    assert isfinite(error), bins
    if error:
        _descend(model, columns, touched, weight * error)
    return said


def _touched(
    model: Model, columns: Columns, bins: Mapping[str, int]
) -> list[tuple[str, Column, int]]:
    """By feature its column and the bin of the example; a feature that is new gets a column."""
    bin_at = bins.get
    found = [(name, columns[name], bin_at(name, MISSING)) for name in model.features]
    missing = sum([number == MISSING for _, _, number in found])
    if len(found) - missing == len(bins) or not _begin_columns(model, columns, bins):
        return found
    return _touched(model, columns, bins)


def _begin_columns(model: Model, columns: Columns, bins: Mapping[str, int]) -> bool:
    """True when there was room for a feature that is new."""
    new = sorted(bins.keys() - set(model.features))[: FEATURES_MOST - len(model.features)]
    for name in new:
        columns[name] = Column()
    model.features = sorted([*model.features, *new])
    return bool(new)


def _descend(
    model: Model, columns: Columns, touched: list[tuple[str, Column, int]], error: float
) -> None:
    square, step = error * error, model.rate * error
    for name, column, number in touched:
        weights, squares = column.weights, column.squares
        sum_of_squares = squares.get(number, FIRST_SQUARES) + square
        squares[number] = sum_of_squares
        weights[number] = weights.get(number, 0.0) - step / sqrt(sum_of_squares)
        columns[name] = column
    model.base_squares += square
    model.base -= step / sqrt(model.base_squares)


def snapshot(model: Model, columns: Mapping[str, Column], most: int = WEIGHTS_MOST) -> Snapshot:
    """The weights as plain data: to four digits, and of more than `most` the heaviest."""
    rounded = [
        (round(weight, 4), name, number)
        for name in model.features
        for number, weight in columns[name].weights.items()
    ]
    kept = [one for one in rounded if one[0]]
    if len(kept) > most:
        kept = sorted(kept, key=lambda one: (-abs(one[0]), one[1], one[2]))[:most]
    weights: dict[str, dict[int, float]] = {}
    for weight, name, number in sorted(kept, key=lambda one: one[1:]):
        weights.setdefault(name, {})[number] = weight
    return Snapshot(round(model.base, 4), weights)


def told(weights: Mapping[str, Mapping[int, float]]) -> list[Weights]:
    """A snapshot's weights as they travel."""
    return [
        Weights(feature=name, bins=list(bins), weights=list(bins.values()))
        for name, bins in weights.items()
    ]
