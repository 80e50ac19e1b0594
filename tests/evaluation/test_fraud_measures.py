"""The figures of fraud scores, against their definitions and against a library's."""

from __future__ import annotations

from random import Random

import pytest

from evaluation.fraud_measures import (
    DAY,
    HIGHEST,
    Frauds,
    Scored,
    average_precision,
    figures,
    found,
)

WEEK = 7 * DAY


def scored(member: int, probability: float, fraud: bool = False, day: int = 0) -> Scored:
    return Scored(day * DAY, f"m{member:03}", probability, fraud)


@pytest.mark.parametrize(
    ("said", "came", "expected"),
    [
        ([], [], None),
        ([0.1, 0.2], [False, False], None),
        ([0.9, 0.1], [True, False], 1.0),
        ([0.1, 0.9], [True, False], 0.5),
        ([0.5, 0.5, 0.5, 0.5], [True, False, False, False], 0.25),  # all alike: the base rate
        ([0.9, 0.8, 0.7], [True, False, True], (1 + 2 / 3) / 2),
    ],
)
def test_average_precision(said: list[float], came: list[bool], expected: float | None) -> None:
    """The mean over the frauds of the precision at their rank; ties are taken at once."""
    assert average_precision(said, came) == (None if expected is None else pytest.approx(expected))


def test_average_precision_by_definition() -> None:
    """Without ties it is the sum over ranks of precision times the step in recall."""
    random = Random(5)
    came = [random.random() < 0.1 for _ in range(500)]
    said = [random.random() + 0.3 * fraud for fraud in came]
    ranked = [fraud for _, fraud in sorted(zip(said, came, strict=True), reverse=True)]
    steps = [sum(ranked[: n + 1]) / (n + 1) for n, fraud in enumerate(ranked) if fraud]
    assert average_precision(said, came) == pytest.approx(sum(steps) / sum(came))


def test_a_days_members_count_once() -> None:
    """By their highest score, defrauded if any payment of the day was."""
    day = [scored(1, 0.9), scored(1, 0.1, fraud=True), scored(2, 0.8), scored(3, 0.2, fraud=True)]
    assert found(day, (), most=1) == ["m001"]
    assert found(day, {"m001"}, most=2) == ["m003"]


def test_known_members_are_left_out() -> None:
    """A member is known from the day that begins after their first label came."""
    frauds = Frauds([("m001", 3 * DAY + 5)], WEEK)
    assert not frauds.known("m001", 10)  # labelled in the course of day 10
    assert frauds.known("m001", 11)
    assert not frauds.known("m002", 11)
    assert frauds.known_since("m001", 11, since=3)
    assert not frauds.known_since("m001", 11, since=4)


def test_card_precision_over_days() -> None:
    """Of the day's hundred; the handbook's leaves out who was found on an earlier day of the week."""
    days = [
        scored(member, 0.5, fraud=member < 20, day=day) for day in (0, 1) for member in range(200)
    ]
    frauds = Frauds([(o.member_id, o.paid_at) for o in days if o.fraud], WEEK)
    found_all = figures(days, frauds, WEEK)
    assert found_all.card_precision_100 == pytest.approx(20 / HIGHEST)
    assert found_all.card_precision_100_handbook == pytest.approx((20 + 0) / 2 / HIGHEST)


def test_each_week_begins_anew() -> None:
    """Who was found in the first week and is not known by label may be found in the second."""
    days = [
        scored(member, 0.5, fraud=member < 20, day=day) for day in (0, 7) for member in range(200)
    ]
    frauds = Frauds([(o.member_id, o.paid_at) for o in days if o.fraud], 30 * DAY)
    assert figures(days, frauds, 30 * DAY).card_precision_100_handbook == pytest.approx(0.2)


def test_figures_of_chance() -> None:
    """Scores that know nothing: half, the base rate, no more."""
    random = Random(9)
    nothing = [
        Scored(n * 60_000, f"m{n % 500}", random.random(), random.random() < 0.05)
        for n in range(20_000)
    ]
    frauds = Frauds([(o.member_id, o.paid_at) for o in nothing if o.fraud], WEEK)
    chance = figures(nothing, frauds, WEEK)
    assert chance.auc == pytest.approx(0.5, abs=0.02)
    assert chance.ap == pytest.approx(0.05, abs=0.01)
