"""Loyalty where the member is: what counts, what a score says, and how it falls with silence."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from agents.loyalty import models
from agents.loyalty.features import features
from agents.loyalty.model import predict, prior_weights
from agents.loyalty.purchases import ORDERS_MOST
from agents.loyalty.scoring import LOYALTY, SILENT_MOST
from agents.loyalty.snapshots import HORIZON_WEEKS, WEEK
from schemas.loyalty import LoyaltyScored
from schemas.outcomes import OrderPlaced
from tests.agents.loyalty.purchases_told import (
    DAY,
    MEMBER,
    day,
    examples,
    forfeited,
    life,
    partly_returned,
    placed,
    released,
    returned,
    scores,
)
from tests.agents.rows import stored

# what is heard → (purchase days, days since the last, mean interval, its spread) of the last score
ROWS: list[tuple[str, list[Any], tuple[Any, ...]]] = [
    ("the first order", [placed(0, "a")], (1, 0.0, None, None)),
    (
        "two orders of a day are one purchase",
        [placed(0, "a"), placed(0.5, "b")],
        (1, 0, None, None),
    ),
    ("a second day", [placed(0, "a"), placed(10, "b")], (2, 0.0, 10.0, None)),
    ("a third", [placed(0, "a"), placed(10, "b"), placed(14, "c")], (3, 0.0, 7.0, 3.0)),
    (
        "told late, it is put in its place",
        [placed(0, "a"), placed(14, "c"), placed(4, "b")],
        (3, 0.0, 7.0, 3.0),
    ),
    (
        "what is returned whole does not count",
        [placed(0, "a"), placed(10, "b"), returned(11, "b")],
        (1, 11.0, None, None),
    ),
    (
        "nor does the first, when it is returned",
        [placed(0, "a"), placed(10, "b"), returned(11, "a")],
        (1, 1.0, None, None),
    ),
    (
        "what is returned in part counts",
        [placed(0, "a"), placed(10, "b"), partly_returned(11, "b"), placed(12, "c")],
        (3, 0.0, 6.0, 4.0),
    ),
    (
        "confirmed fraud does not count",
        [placed(0, "a"), placed(10, "b"), forfeited(12, "b")],
        (1, 12.0, None, None),
    ),
    (
        "cleared after all, it does",
        [placed(0, "a"), placed(10, "b"), forfeited(12, "b"), released(13, "b")],
        (2, 3.0, 10.0, None),
    ),
    (
        "cleared, but returned, it does not",
        [
            placed(0, "a"),
            placed(10, "b"),
            forfeited(12, "b"),
            returned(13, "b"),
            released(14, "b"),
            placed(14, "c"),
        ],
        (2, 0.0, 14.0, None),
    ),
]


@pytest.mark.parametrize(("events", "figures"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_what_counts(events: list[Any], figures: tuple[Any, ...]) -> None:
    """Kept purchase days and the days between them."""
    said = scores(life().hear(*events))[-1]
    assert said.figures is not None
    assert (
        said.figures.purchase_days,
        said.figures.silent_days,
        said.interval_days,
        said.interval_spread_days,
    ) == figures


def test_a_member_whose_every_order_came_back_has_no_chance_told() -> None:
    """Nothing is kept: there is no figure to compute one from."""
    said = scores(life().hear(placed(0, "a"), returned(1, "a")))[-1]
    assert (said.probability, said.figures, said.first_purchase_at) == (None, None, None)


@pytest.mark.parametrize(
    ("second", "known"),
    [(6, (True, True, True)), (20, (False, True, True)), (80, (False, False, True))],
)
def test_retention_is_told_once_it_is_known(second: int, known: tuple[bool, ...]) -> None:
    """By days since the first purchase; until then it is neither yes nor no."""
    member = life()
    first = scores(member.hear(placed(0, "a")))[-1]
    assert (first.retained_7, first.retained_30, first.retained_90) == (None, None, None)
    said = scores(member.hear(placed(second, "b")))[-1]
    assert (said.retained_7, said.retained_30, said.retained_90) == known
    assert said.first_purchase_at == day(0)


def test_repeats_a_year_are_told_after_four_weeks() -> None:
    """(purchase days - 1) by years."""
    member = life()
    assert scores(member.hear(placed(0, "a"), placed(27, "b")))[-1].repeats_a_year is None
    said = scores(member.hear(placed(73.05, "c")))[-1]
    assert said.repeats_a_year == pytest.approx(10.0)


def test_the_score_follows_from_the_figures_that_it_carries() -> None:
    """Whoever has the weights can compute it again from the record alone."""
    said = scores(life().hear(placed(0, "a"), placed(40, "b", 12_345)))[-1]
    assert said.figures is not None
    assert said.figures.log_amount == pytest.approx((math.log1p(10) + math.log1p(123.45)) / 2)
    weighed = predict(prior_weights(), features(said.figures, said.horizon_days))
    assert said.probability == weighed


def test_the_chance_falls_with_silence_alone() -> None:
    """Nothing happens but time: one score a week, each below the one before."""
    member = life()
    member.hear(placed(0, "a"), placed(20, "b"))
    said = scores(member.wait(MEMBER, day(20 + 364)))
    assert len(said) == 52
    assert [b.occurred_at - a.occurred_at for a, b in pairwise(said)] == [WEEK] * 51
    chances = [one.probability for one in said]
    assert chances == sorted(chances, reverse=True)
    assert len(set(chances)) == 52


def test_after_two_years_of_silence_a_member_is_left_alone() -> None:
    """A last score; then no wake-up until the next order, which begins anew."""
    member = life()
    member.hear(placed(0, "a"))
    said = scores(member.wait(MEMBER, day(0) + 2 * SILENT_MOST))
    assert SILENT_MOST <= said[-1].occurred_at - day(0) < SILENT_MOST + WEEK
    assert member.due() is None
    member.hear(placed(1_500, "b"))
    assert member.due() is not None


# ---- examples --------------------------------------------------------------------------------------


def test_each_week_of_a_silent_year_gives_one_example() -> None:
    """Every snapshot is asked about one horizon and answered once, when it is as old as that."""
    member = life()
    member.hear(placed(0, "a"))
    said = examples(member.wait(MEMBER, day(364 + 182)))
    ages = [one.figures.member_days + one.horizon_days for one in said]
    assert [round(age * DAY) for age in ages] == [one.occurred_at - day(0) for one in said]
    taken = sorted(round(one.figures.member_days // 7) for one in said)
    assert taken[:52] == list(range(52))
    assert {one.horizon_days for one in said} == {7 * weeks for weeks in HORIZON_WEEKS}
    assert not any(one.bought for one in said)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=30, unique=True))
def test_labels_are_what_came_and_both_classes_wait_as_long(days: list[int]) -> None:
    """Against the whole list of purchases: figures of that moment, purchases of the horizon after it."""
    bought = sorted(day(number) for number in days)
    member = life()
    said = examples(member.hear(*(placed(n, f"o{n}") for n in sorted(days))))
    said += examples(member.wait(MEMBER, day(600)))
    for one in said:
        then = one.occurred_at - one.horizon_days * DAY
        known = [at for at in bought if at < then]
        assert one.figures.purchase_days == len(known)
        assert one.figures.silent_days == pytest.approx((then - known[-1]) / DAY)
        assert one.figures.member_days == pytest.approx((then - known[0]) / DAY)
        assert one.bought == any(then <= at < one.occurred_at for at in bought)


def test_a_chance_is_judged_as_it_was_said_and_not_as_it_would_be_said_later() -> None:
    """One week in six; a model that learned meanwhile changes nothing of what was said before it."""
    one = life()
    said = one.hear(placed(0, "a"), *(placed(number, f"o{number}") for number in (30, 200)))
    table = one.tables[models.NAME]
    table.version, table.weights = 7, [0.0] * len(table.weights)
    said += one.wait(MEMBER, day(600))
    judged = [known for known in examples(said) if known.probability is not None]
    assert {known.horizon_days for known in judged} == {91}
    weeks = [known.occurred_at // WEEK for known in judged]
    assert {later - earlier for earlier, later in pairwise(weeks)} == {len(HORIZON_WEEKS)}
    for known in judged:
        prior = predict(prior_weights(), features(known.figures, 91))
        then = known.occurred_at - 91 * DAY
        expected = (prior, 0) if then <= day(200) else (0.5, 7)
        assert (known.probability, known.model_version) == expected
    assert {known.model_version for known in judged} == {0, 7}
    one.wait(MEMBER, day(200) + SILENT_MOST + WEEK)
    assert not one.state.foretold


def test_a_purchase_that_came_back_within_the_horizon_is_no_purchase() -> None:
    """The label is of what was kept."""
    kept, lost = life(), life()
    for member in (kept, lost):
        member.hear(placed(0, "a"))
        member.wait(MEMBER, day(100))
        member.hear(placed(100, "b"))
    lost.hear(returned(100.5, "b"))
    kept.wait(MEMBER, day(300))
    lost.wait(MEMBER, day(300))
    assert any(one.bought for one in examples(kept.said))
    assert not any(one.bought for one in examples(lost.said))


# ---- bounds ----------------------------------------------------------------------------------------


def test_what_is_kept_of_a_member_is_bounded() -> None:
    """Five years of an order every other day: a few kilobytes, and the sums are those of all orders."""
    member = life()
    said: list[Any] = []
    for number in range(0, 5 * 365, 2):
        said = member.hear(placed(number, f"o{number}"))
        assert len(member.state.purchases.newest) <= ORDERS_MOST
        assert len(member.state.snapshots) <= HORIZON_WEEKS[-1] + 2
    small, _ = stored(LOYALTY, member.state)
    assert small < 4_096
    last = scores(said)[-1]
    assert isinstance(last, LoyaltyScored)
    assert last.figures is not None
    assert last.figures.purchase_days == len(range(0, 5 * 365, 2))
    assert last.figures.member_days == pytest.approx(5 * 365 - 1)
    assert last.retained_7


def test_members_wake_at_moments_of_their_own() -> None:
    """So that a million of them do not wake at once: over the hours of the week, evenly."""
    found = set()
    for number in range(300):
        member = life()
        order = OrderPlaced(
            member_id=f"m{number}",
            occurred_at=day(0),
            order_id="a",
            currency="GBP",
            lines=[],
            total_minor=1,
        )
        member.hear(order)
        due = member.due()
        assert due is not None
        assert 0 < due - day(0) <= WEEK
        found.add(due)
    assert len(found) > 120


def test_what_silence_took_is_told_by_one_model() -> None:
    """At a purchase nothing; later the difference, and the fresh chance is that of no silence."""
    member = life()
    first = scores(member.hear(placed(0, "a"), placed(10, "b"), placed(25, "c")))[-1]
    assert first.probability == first.probability_fresh
    silent = scores(member.wait(MEMBER, day(120)))[-1]
    assert silent.figures is not None
    assert silent.probability is not None
    assert silent.probability_fresh is not None
    assert silent.probability_fresh > silent.probability
    as_if = structs.replace(silent.figures, silent_days=0.0)
    assert silent.probability_fresh == predict(prior_weights(), features(as_if, 90))
