"""What a campaign did: the difference between two shares, with an interval that holds for small groups.

The interval is Newcombe's hybrid score interval (method 10 of Interval estimation for the difference between
independent proportions, Statistics in Medicine 17, 1998): Wilson's limits of both shares, put together. It
stays within -1 and 1 and means something when a group has no conversion at all.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

Z = 1.959963984540054  # of 95 %


class Lift(NamedTuple):
    """Treated less held out: shares, their difference and its 95 % interval."""

    treated: float
    held_out: float
    difference: float
    low: float
    high: float


def lift(treated: int, of_treated: int, held_out: int, of_held_out: int) -> Lift | None:
    """From who converted in each group, and the groups' sizes; none while a group is empty.

    >>> found = lift(56, 70, 48, 80)  # Newcombe's first example
    >>> round(found.difference, 4), round(found.low, 4), round(found.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    if not (of_treated and of_held_out):
        return None
    one, other = treated / of_treated, held_out / of_held_out
    one_low, one_high = wilson(treated, of_treated)
    other_low, other_high = wilson(held_out, of_held_out)
    difference = one - other
    return Lift(
        one,
        other,
        difference,
        difference - sqrt((one - one_low) ** 2 + (other_high - other) ** 2),
        difference + sqrt((one_high - one) ** 2 + (other - other_low) ** 2),
    )


def wilson(count: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % limits of a share.

    >>> [round(limit, 4) for limit in wilson(0, 10)]
    [0.0, 0.2775]
    """
    share, square = count / of, Z * Z
    middle = share + square / (2 * of)
    half = Z * sqrt(share * (1 - share) / of + square / (4 * of * of))
    scale = 1 + square / of
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)
