"""Measures of a score that was kept as counts by bin: exact to within the width of a bin."""

from __future__ import annotations

from collections.abc import Iterable


def auc(bins: Iterable[tuple[int, int]]) -> float | None:
    """The chance that a positive's score is above a negative's, ties half; None without both.

    `bins`: how many negatives and positives there are in each, the lowest bin first.

    >>> auc([(2, 0), (1, 1)])
    0.8333333333333334
    """
    below, came, won = 0, 0, 0.0
    for negatives, positives in bins:
        won += positives * (below + negatives / 2)
        below += negatives
        came += positives
    pairs = below * came
    return won / pairs if pairs else None
