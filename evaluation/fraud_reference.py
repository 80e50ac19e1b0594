"""The yardstick: gradient-boosted trees in a batch, retrained daily or weekly on the very same examples.

LightGBM gets the features that the payments had when they were paid and the labels that are known by the
day on which it is retrained, all of them; so it is ahead in what it may compute and even in what it knows.
It is an extra: pip install 'memberstream[evaluation]'.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from evaluation.fraud_measures import DAY, Scored
from evaluation.fraud_play import Examples

Told = Callable[[str], None]
LEAST_FRAUDS = 20
ROUNDS = 200
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "seed": 1,
    "deterministic": True,
    "num_threads": 1,  # threads that wait for one another cost more than they give on few cores
    "verbosity": -1,
}


def there() -> bool:
    """True when the extra is installed."""
    try:
        import lightgbm  # noqa: F401  # asked for, not used here
    except ImportError:
        return False
    return True


def retrained(
    scored: Sequence[Scored],
    payment_ids: Sequence[str],
    examples: Examples,
    label_delay: int,
    every_days: int,
    score_from: int,
    tell: Told,
) -> dict[str, float]:
    """What the batch model says of each payment from the day `score_from` (days since 1970) on.

    `scored` and `payment_ids` are all payments in the order of time. A payment that has no example, or is
    paid before there were frauds enough, is not among the answers.
    """
    import lightgbm
    import numpy

    places = {payment_id: row for row, payment_id in enumerate(examples.payment_ids)}
    order = [place for place in range(len(scored)) if payment_ids[place] in places]
    rows = numpy.array([places[payment_ids[place]] for place in order])
    table = numpy.column_stack(
        [numpy.frombuffer(column, dtype=numpy.float32) for column in examples.columns.values()]
    )[rows]
    labels = numpy.array([scored[place].fraud for place in order])
    paid_at = numpy.array([scored[place].paid_at for place in order])
    said: dict[str, float] = {}
    for day in range(score_from, int(paid_at[-1]) // DAY + 1, every_days):
        known = int(numpy.searchsorted(paid_at, day * DAY - label_delay, side="right"))
        first, last = (
            int(numpy.searchsorted(paid_at, one * DAY)) for one in (day, day + every_days)
        )
        if labels[:known].sum() < LEAST_FRAUDS or first == last:
            continue
        tell(f"Training the reference on {known:,} payments …")
        data = lightgbm.Dataset(table[:known], labels[:known])
        model = lightgbm.train(PARAMETERS, data, num_boost_round=ROUNDS)
        for place, value in zip(order[first:last], model.predict(table[first:last]), strict=True):
            said[payment_ids[place]] = float(value)
    return said
