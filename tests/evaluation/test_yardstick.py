"""The batch model's days: each is said by what was known when it began, and measured as ours are."""

from __future__ import annotations

from typing import Any

import pytest

from evaluation import yardstick
from evaluation.yardstick import DAY
from schemas.risk import ExampleLabelled, LabelSource, Number

pytest.importorskip("lightgbm", reason="the extra `evaluation` is not installed")
START = 1_523_000_000_000 // DAY * DAY
DELAY = 2 * DAY
A_DAY = 200


def example(day: int, number: int, **more: Any) -> ExampleLabelled:
    """One in ten is fraud, and its number is high."""
    fraud = number % 10 == 0
    paid_at = START + day * DAY + number * 1000
    return ExampleLabelled(
        event_id=f"e{day}-{number}",
        model="payment",
        occurred_at=more.pop("labelled_at", paid_at + DELAY),
        member_id=f"m{number}",
        payment_id=f"p{day}-{number}",
        paid_at=paid_at,
        features=[
            Number(name="amount_deviations", value=(9.0 if fraud else 1.0) + number % 7 / 10)
        ],
        fraud=fraud,
        source=LabelSource.HORIZON,
        weight=1.0,
        **more,
    )


EXAMPLES = [example(day, number) for day in range(6) for number in range(A_DAY)]


def test_it_tells_fraud_from_honest_once_it_knows_both() -> None:
    """The first days are left out: no label had come when they began."""
    reported = list(yardstick.days(EXAMPLES, 6, START + 9 * DAY))
    assert [one.day for one in reported] == ["2018-04-09", "2018-04-10", "2018-04-11"]
    assert {(one.payments, one.frauds, one.variant) for one in reported} == {(A_DAY, 20, "batch")}
    assert all(one.auc is not None and one.auc > 0.99 for one in reported)


def test_a_label_that_had_not_come_is_not_learned() -> None:
    """The same payments, labelled after the last day: nothing can be said."""
    at = START + 8 * DAY
    late = [example(day, n, labelled_at=at) for day in range(6) for n in range(A_DAY)]
    assert not list(yardstick.days(late, 6, START + 9 * DAY))
    assert not list(yardstick.days([], 6, START))


def test_members_that_were_known_are_left_out_of_the_first_hundred() -> None:
    """As in the online model's days."""
    known = [example(5, number, known=number % 10 == 0) for number in range(A_DAY)]
    earlier = [one for one in EXAMPLES if one.paid_at < START + 5 * DAY]
    (reported,) = yardstick.days([*earlier, *known], 1, START + 9 * DAY)
    assert reported.precision_100 == 0.0
    assert reported.frauds == 20
