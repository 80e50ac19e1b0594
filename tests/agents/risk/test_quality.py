"""The day's quality against the plain definitions, computed over all pairs."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.risk import quality
from agents.risk.quality import Day

LABELLED = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def _day(labelled: list[tuple[float, bool]]) -> Day:
    day = Day()
    for probability, fraud in labelled:
        day = quality.count(day, probability, fraud, alerted=False)
    return day


@given(LABELLED)
def test_the_area_is_the_share_of_pairs_in_order(labelled: list[tuple[float, bool]]) -> None:
    """A pair of equal bins counts half; without both classes there is no area."""
    fraud = [quality.bin_of(p) for p, f in labelled if f]
    honest = [quality.bin_of(p) for p, f in labelled if not f]
    found = quality.auc(_day(labelled))
    if not fraud or not honest:
        assert found is None
        return
    won = sum((f > h) + (f == h) / 2 for f, h in product(fraud, honest))
    assert found == pytest.approx(won / (len(fraud) * len(honest)))


@given(LABELLED)
def test_average_precision_is_the_mean_precision_at_each_fraud(
    labelled: list[tuple[float, bool]],
) -> None:
    """The precision at a fraud's rank counts all that are in its bin or above."""
    bins = [(quality.bin_of(p), f) for p, f in labelled]
    at_frauds = []
    for at, fraud in bins:
        if fraud:
            above = [f for b, f in bins if b >= at]
            at_frauds.append(sum(above) / len(above))
    found = quality.average_precision(_day(labelled))
    assert found == (pytest.approx(sum(at_frauds) / len(at_frauds)) if at_frauds else None)


@given(LABELLED, st.floats(0, 1), st.booleans(), st.booleans())
def test_a_label_taken_out_leaves_no_trace(
    labelled: list[tuple[float, bool]], probability: float, fraud: bool, alerted: bool
) -> None:
    """A correction counts the earlier label with -1, and the day is as if it had never been."""
    day = _day(labelled)
    day = quality.count(day, probability, fraud, alerted=alerted)
    day = quality.count(day, probability, fraud, alerted=alerted, times=-1)
    plain = _day(labelled)
    assert (day.honest, day.fraud) == (plain.honest, plain.fraud)
    assert (day.alerts, day.alerts_confirmed) == (0, 0)
    assert quality.brier(day) == pytest.approx(quality.brier(plain))


def test_the_first_hundred_are_members_by_their_highest() -> None:
    """A member counts once, with any fraud of the day; beyond the hundred nobody counts."""
    day = Day()
    for number in range(500):
        quality.rank_member(day, f"m{number}", number / 1000, fraud=number % 2 == 0)
    quality.rank_member(day, "m0", 0.9, fraud=False)  # its fraud is forgotten: it had fallen out
    assert quality.precision_100(day) == pytest.approx(0.49)
    assert len(day.highest) == quality.MEMBERS_KEPT


def test_a_members_fraud_is_kept_among_the_highest() -> None:
    """An honest payment of the same member does not hide the fraud."""
    day = Day()
    quality.rank_member(day, "m", 0.2, fraud=True)
    quality.rank_member(day, "m", 0.7, fraud=False)
    assert quality.precision_100(day) == pytest.approx(0.01)
    assert quality.precision_100(Day()) is None
