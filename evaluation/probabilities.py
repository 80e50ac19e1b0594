"""How good probabilities are: do they rank, are they near, and do they mean what they say?"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

BINS = 10


class Bin(Struct, frozen=True, kw_only=True):
    """Those whose probability lies in a tenth of the scale: what was said, and what came."""

    least: float
    most: float
    members: int
    predicted: float
    observed: float


class Figures(Struct, frozen=True, kw_only=True):
    """Area under the ROC curve; mean squared error; expected calibration error, over ten equal bins."""

    auc: float | None  # none: all of one class
    brier: float | None = None  # none: a ranking, no probability
    ece: float | None = None


def figures(said: Sequence[float], came: Sequence[bool]) -> Figures:
    """All figures of probabilities."""
    return Figures(auc=auc(said, came), brier=brier(said, came), ece=ece(table(said, came)))


def auc(said: Sequence[float], came: Sequence[bool]) -> float | None:
    """The chance that one that came was said to be likelier than one that did not; ties count half.

    >>> auc([0.1, 0.4, 0.4, 0.8], [False, False, True, True])
    0.875
    """
    positives = sum(came)
    negatives = len(came) - positives
    if not positives or not negatives:
        return None
    won, below, place = 0.0, 0, 0
    ordered = sorted(zip(said, came, strict=True))
    while place < len(ordered):
        tied = [0, 0]
        value = ordered[place][0]
        while place < len(ordered) and ordered[place][0] == value:
            tied[ordered[place][1]] += 1
            place += 1
        won += tied[True] * (below + tied[False] / 2)
        below += tied[False]
    return won / (positives * negatives)


def brier(said: Sequence[float], came: Sequence[bool]) -> float:
    """The mean squared error.

    >>> brier([0.0, 0.5], [False, True])
    0.125
    """
    return sum((p - y) ** 2 for p, y in zip(said, came, strict=True)) / len(said)


def table(said: Sequence[float], came: Sequence[bool]) -> list[Bin]:
    """The calibration table: ten bins of equal width, without empty ones."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for p, y in zip(said, came, strict=True):
        bins[min(int(p * BINS), BINS - 1)].append((p, y))
    return [
        Bin(
            least=number / BINS,
            most=(number + 1) / BINS,
            members=len(members),
            predicted=sum(p for p, _ in members) / len(members),
            observed=sum(y for _, y in members) / len(members),
        )
        for number, members in enumerate(bins)
        if members
    ]


def ece(bins: Sequence[Bin]) -> float:
    """The mean distance of what was said from what came, weighted by the members of the bins."""
    members = sum(one.members for one in bins)
    return sum(abs(one.predicted - one.observed) * one.members for one in bins) / members
