"""Trends: products tell of their rise, the strongest are published now and then, members hold the last."""

from __future__ import annotations

from math import exp2

import pytest

from agents.candidates.trends import (
    GATHERING,
    NEW_FOR,
    PUBLISH_AFTER,
    STEP,
    TRENDING,
    TRENDS,
    TRENDS_MOST,
    Trends,
)
from schemas.actions import ProductListed
from schemas.candidates import ProductTrended, TrendsPublished
from schemas.outcomes import Heat, ProductHeated
from tests.agents.rows import Life, ids, table_of


def heated(day: float, week: float, at: int = 0) -> ProductHeated:
    heats = [
        Heat(hot_list="hour", log2_weight=99.0),
        Heat(hot_list="day", log2_weight=day),
        Heat(hot_list="week", log2_weight=week),
    ]
    return ProductHeated(event_id="h", product_id="p", occurred_at=at, heats=heats)


def listed(at: int) -> ProductListed:
    return ProductListed(
        event_id="l", product_id="p", occurred_at=at, name="P", price_minor=1, currency="GBP"
    )


def trended(product: str, day: float, at: int = 0, new: int | None = None) -> ProductTrended:
    return ProductTrended(
        event_id="t",
        model="trends",
        occurred_at=at,
        product_id=product,
        log2_day=day,
        log2_week=day,
        listed_at=new,
    )


ROWS = [
    ("the first touch", [heated(5.0, 3.0)], [(5.0, 3.0, None)]),
    ("a small rise", [heated(5.0, 3.0), heated(5.0 + STEP / 2, 3.0)], [(5.0, 3.0, None)]),
    (
        "small rises add up",
        [heated(5.0, 3.0), heated(5.0 + STEP / 2, 3.0), heated(5.0 + STEP, 3.0)],
        [(5.0, 3.0, None), (5.0 + STEP, 3.0, None)],
    ),
    (
        "in the week's list alone",
        [heated(5.0, 3.0), heated(5.0, 3.0 + STEP)],
        [(5.0, 3.0, None), (5.0, 3.0 + STEP, None)],
    ),
    ("new, once", [listed(7), listed(8)], [(-1.0, -1.0, 7)]),
]


@pytest.mark.parametrize(("events", "told"), [row[1:] for row in ROWS], ids=ids(ROWS))
def test_what_a_product_tells(
    events: list[ProductHeated | ProductListed], told: list[tuple[float, float, int | None]]
) -> None:
    """A rise by a step in either list, and that it is new."""
    said = Life(TRENDING).hear(*events)
    assert [(one.log2_day, one.log2_week, one.listed_at) for one in said] == told  # type: ignore[attr-defined]


def published(*events: ProductTrended) -> list[TrendsPublished]:
    said = Life(GATHERING).hear(*events)
    return [one for one in said if isinstance(one, TrendsPublished)]


def test_shares_are_those_of_the_weights() -> None:
    """They add up to one, and a weight twice as large has twice the share, however large all are."""
    first, second = published(trended("a", 21_000.0), trended("b", 21_001.0, PUBLISH_AFTER))
    assert [one.product_id for one in first.day] == ["a"]
    assert [(one.product_id, one.share) for one in second.day] == [
        ("b", pytest.approx(2 / 3)),
        ("a", pytest.approx(1 / 3)),
    ]


def test_published_now_and_then() -> None:
    """At once, then no sooner than after ten minutes of the events' time, late ones included."""
    times = [0, PUBLISH_AFTER - 1, PUBLISH_AFTER, PUBLISH_AFTER - 5, 2 * PUBLISH_AFTER]
    said = published(*(trended("a", float(n), at) for n, at in enumerate(times)))
    assert [one.occurred_at for one in said] == [0, PUBLISH_AFTER, 2 * PUBLISH_AFTER]


def test_a_new_shop_is_not_kept_waiting() -> None:
    """Whenever twice as many products are known, without end in time; members hold the last."""
    events = [trended(f"p{n}", -1.0, 5, new=5) for n in range(20)]
    events += [trended(f"p{n}", 1.0, 5 if n else 4) for n in range(20)]
    said = published(*events)
    assert [len(one.new) for one in said] == [1, 2, 4, 8, 16, 20]
    assert [len(one.day) for one in said] == [0, 0, 0, 0, 0, 12]
    assert {one.occurred_at for one in said} == {5}
    held: Trends = table_of(TRENDS, [*said])
    assert len(held.day) == 12
    full = Life(GATHERING)
    full.hear(*(trended(f"p{n}", n / 100, 5) for n in range(TRENDS_MOST)))
    assert [*full.hear(*(trended(f"q{n}", n / 100, 6) for n in range(1_000)))] == []


def test_the_strongest_are_kept() -> None:
    """Of many, those with the largest weights, in their order."""
    life = Life(GATHERING)
    for number in range(500):
        life.hear(trended(f"p{number}", number / 100))
    (last,) = life.hear(trended("weak", 0.0, PUBLISH_AFTER))
    assert isinstance(last, TrendsPublished)
    assert [one.product_id for one in last.day] == [f"p{499 - n}" for n in range(TRENDS_MOST)]
    assert sum(one.share for one in last.day) == pytest.approx(1.0)
    assert last.day[0].share / last.day[1].share == pytest.approx(exp2(0.01))


def test_new_products_are_new_for_a_while() -> None:
    """The newest first, and after two weeks no more."""
    life = Life(GATHERING)
    life.hear(trended("old", -1.0, 0, new=0), trended("young", -1.0, 5, new=5))
    (said,) = life.hear(trended("x", 1.0, PUBLISH_AFTER + 5))
    assert said.new == ["young", "old"]  # type: ignore[attr-defined]
    (said,) = life.hear(trended("x", 2.0, NEW_FOR + 2))
    assert said.new == ["young"]  # type: ignore[attr-defined]


def test_members_hold_the_last() -> None:
    """An older one that comes late changes nothing."""
    first, second = published(trended("a", 1.0), trended("b", 1.0, PUBLISH_AFTER))
    held: Trends = table_of(TRENDS, [first, second, first])  # type: ignore[list-item]  # broadcasts of ours
    assert held.day == {"a": 0.5, "b": 0.5}
    assert held.published_at == PUBLISH_AFTER
