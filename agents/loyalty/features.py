"""The features of the model of repeat purchase: a dozen plain numbers of a member and a horizon.

The horizon is among them, so one model answers for all horizons, and what a short horizon teaches early
serves the long ones, whose labels come late. Logarithms make the effect of silence and of frequency a
power law, which holds beyond the ages seen so far; products let silence weigh more for who buys often.
"""

from __future__ import annotations

from math import log, log1p

from schemas.loyalty import PurchaseFigures

WEEK_DAYS = 7.0
USUAL_HORIZON_DAYS = 30.0  # its logarithm is the zero of the horizon's feature
USUAL_LOG_AMOUNT = 3.5  # about 32 in major units: the zero of the amount's feature

NAMES = (
    "one",
    "horizon",
    "frequency",
    "silence",
    "age",
    "amount",
    "horizon by frequency",
    "horizon by silence",
    "horizon by age",
    "single",
    "recent",
    "frequency by silence",
    "frequency by age",
    "silent share",
)


def features(figures: PurchaseFigures, horizon_days: float) -> list[float]:
    """The features in the order of `NAMES`.

    | feature | formula |
    |---|---|
    | horizon | ln(horizon / 30 days) |
    | frequency | ln(purchase days) |
    | silence, age | ln(1 + weeks since the last, the first purchase) |
    | amount | mean ln(1 + amount of an order) - 3.5 |
    | single | 1 with one purchase day, else 0 |
    | recent | ln(1 + purchase days, decayed with a half-life of 32 weeks) |
    | silent share | silent days / (member days + 7) |

    >>> at_once = PurchaseFigures(
    ...     purchase_days=1, silent_days=0.0, member_days=0.0, log_amount=3.5, recent_purchases=1.0
    ... )
    >>> [round(value, 2) for value in features(at_once, 30.0)]
    [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.69, 0.0, 0.0, 0.0]
    """
    horizon = log(horizon_days / USUAL_HORIZON_DAYS)
    frequency = log(figures.purchase_days)
    silence = log1p(figures.silent_days / WEEK_DAYS)
    age = log1p(figures.member_days / WEEK_DAYS)
    return [
        1.0,
        horizon,
        frequency,
        silence,
        age,
        figures.log_amount - USUAL_LOG_AMOUNT,
        horizon * frequency,
        horizon * silence,
        horizon * age,
        1.0 if figures.purchase_days == 1 else 0.0,
        log1p(figures.recent_purchases),
        frequency * silence,
        frequency * age,
        figures.silent_days / (figures.member_days + WEEK_DAYS),
    ]
