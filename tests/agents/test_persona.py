"""Persona, row by row: what is preferred, what is paid, what was wrong, and when it is said."""

from __future__ import annotations

from math import log1p
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import Place
from agents.loyalty.snapshots import WEEK
from agents.persona import prices
from agents.persona.portrait import PERSONA
from agents.persona.preferences import TRACKED, preferred, touch
from agents.persona.prices import LINES_LEAST, PRICES, Prices
from schemas.actions import ProductBrowsed, PurchaseLine, SearchMade
from schemas.loyalty import LoyaltyScored
from schemas.outcomes import (
    MemberEnrolled,
    OrderPlaced,
    OrderRefused,
    Reason,
    ReturnAccepted,
    ReturnedLine,
)
from schemas.persona import DataQuality, DayPart, PersonaChanged, PriceBand
from schemas.risk import LoggedIn
from tests.agents.rows import Life, stored

DAY = 86_400_000
START = 15_000 * DAY
MEMBER = "m"


def day(number: float) -> int:
    return START + round(number * DAY)


def life(table: Prices | None = None) -> Life:
    return Life(PERSONA, {prices.NAME: table or Prices()})


def order(
    number: float,
    order_id: str,
    *lines: tuple[str, int],
    currency: str = "GBP",
    quantity: int = 1,
) -> OrderPlaced:
    """Lines are (category, amount in minor units)."""
    return OrderPlaced(
        member_id=MEMBER,
        occurred_at=day(number),
        order_id=order_id,
        currency=currency,
        lines=[
            PurchaseLine(
                line_number=n,
                product_id=f"p{n}",
                quantity=quantity,
                amount_minor=amount,
                category=category,
            )
            for n, (category, amount) in enumerate(lines, start=1)
        ],
        total_minor=sum(amount for _, amount in lines),
    )


def score(number: float, probability: float = 0.5) -> LoyaltyScored:
    return LoyaltyScored(
        member_id=MEMBER, occurred_at=day(number), probability=probability, horizon_days=90
    )


def bought(number: float, order_id: str, *lines: tuple[str, int], **how: Any) -> list[Any]:
    """An order and the score that loyalty says right behind it."""
    return [order(number, order_id, *lines, **how), score(number)]


def back(number: float, order_id: str, refund_minor: int) -> ReturnAccepted:
    return ReturnAccepted(
        member_id=MEMBER,
        occurred_at=day(number),
        return_id="r",
        order_id=order_id,
        lines=[
            ReturnedLine(
                line_number=1, product_id="p1", quantity=1, returned_before=0, bought=1,
                amount_minor=refund_minor,
            )
        ],
        refund_minor=refund_minor,
    )  # fmt: skip


def look(number: float) -> ProductBrowsed:
    return ProductBrowsed(
        event_id=f"l{number}", member_id=MEMBER, occurred_at=day(number), product_id="p1"
    )


def search(number: float, term: str) -> SearchMade:
    return SearchMade(event_id=f"s{number}", member_id=MEMBER, occurred_at=day(number), term=term)


def last(*events: Any) -> PersonaChanged:
    said = life().hear(*events)[-1]
    assert isinstance(said, PersonaChanged)
    return said


BAGS, LAMPS = ("bags", 1_000), ("lamps", 500)
ENROLLED = MemberEnrolled(member_id=MEMBER, occurred_at=day(0), country="France")

# what is heard → fields of what was said last
ROWS: list[tuple[str, list[Any], dict[str, Any]]] = [
    ("an order", bought(1, "a", BAGS), {"orders": 1, "spend_minor": 1_000, "currency": "GBP"}),
    ("its score is kept", bought(1, "a", BAGS), {"probability_then": 0.5}),
    ("country", [ENROLLED, *bought(1, "a", BAGS)], {"country": "France"}),
    ("a refund goes off", [*bought(1, "a", BAGS), back(2, "a", 400)],
     {"spend_minor": 600, "refunded_minor": 400, "orders": 1}),
    ("all refunded", [*bought(1, "a", BAGS), back(2, "a", 1_000)],
     {"spend_minor": 0, "spend_rate_minor": 0.0}),
    ("another currency is not added", [*bought(1, "a", BAGS), *bought(2, "b", BAGS, currency="EUR")],
     {"orders": 2, "spend_minor": 1_000, "quality": DataQuality(orders=2, lines=2, foreign=1)}),
    ("nor its refund", [*bought(1, "a", BAGS, currency="EUR"), *bought(2, "b", BAGS),
                        back(3, "b", 500)], {"currency": "EUR", "refunded_minor": 500}),
    ("the first fits nothing", bought(1, "a", BAGS), {"foretold": 0, "fitted": 0}),
    ("the second fits", [*bought(1, "a", BAGS), *bought(2, "b", BAGS, LAMPS)],
     {"foretold": 1, "fitted": 1}),
    ("by its main category", [*bought(1, "a", LAMPS), *bought(2, "b", BAGS, LAMPS)],
     {"foretold": 1, "fitted": 0}),
    ("without a category it is not asked", [*bought(1, "a", BAGS), *bought(2, "b", ("", 9))],
     {"foretold": 0, "quality": DataQuality(orders=2, lines=2, gaps=1)}),
    ("told again is a duplicate",
     [order(1, "a", BAGS),
      OrderRefused(member_id=MEMBER, occurred_at=day(1), order_id="a", reason=Reason.ALREADY_POSTED),
      score(1)], {"orders": 1, "quality": DataQuality(orders=1, lines=1, duplicates=1)}),
    ("refused for another reason is none",
     [order(1, "a", BAGS),
      OrderRefused(member_id=MEMBER, occurred_at=day(1), order_id="b", reason=Reason.INVALID),
      score(1)], {"quality": DataQuality(orders=1, lines=1)}),
    ("the same basket within ten minutes", [*bought(1, "a", BAGS), *bought(1.006, "b", BAGS)],
     {"quality": DataQuality(orders=2, lines=2, duplicates=1)}),
    ("the same basket later", [*bought(1, "a", BAGS), *bought(1.008, "b", BAGS)],
     {"quality": DataQuality(orders=2, lines=2)}),
    ("far from the own usual is an outlier",
     [e for n in range(5) for e in bought(n, str(n), ("bags", 1_000 + n))]
     + bought(9, "z", ("bags", 9_000)),
     {"quality": DataQuality(orders=6, lines=6, outliers=1)}),
    ("after four orders nothing is usual",
     [e for n in range(4) for e in bought(n, str(n), ("bags", 1_000 + n))]
     + bought(9, "z", ("bags", 9_000)), {"quality": DataQuality(orders=5, lines=5)}),
    ("the part of the day", [*bought(1.8, "a", BAGS), *bought(2.3, "b", BAGS), *bought(3.8, "c", BAGS)],
     {"day_part": DayPart.EVENING}),
    ("prices are few: no band", bought(1, "a", BAGS), {"price_band": None}),
]  # fmt: skip


@pytest.mark.parametrize(("events", "fields"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_what_is_said(events: list[Any], fields: dict[str, Any]) -> None:
    """The last word after these events has these fields."""
    said = last(*events)
    assert {name: getattr(said, name) for name in fields} == pytest.approx(fields)


def test_orders_are_said_at_once_and_looks_once_a_week() -> None:
    """However much is looked at, there is one word a week; of silence there is none."""
    member = life()
    assert len(member.hear(*bought(0, "a", BAGS))) == 1
    assert member.hear(look(1), look(1.5), search(2, "Red  LAMP"), search(3, "bag")) == []
    weekly = member.wait(MEMBER, day(8))
    assert len(weekly) == 1
    said = weekly[0]
    assert isinstance(said, PersonaChanged)
    assert [one.name for one in said.interests] == ["bag", "red lamp"]
    assert said.active_at == day(3)
    assert 1.0 < said.recent_looks < 2.0
    assert member.wait(MEMBER, day(400)) == []
    assert member.due() is None


def test_a_log_in_is_a_sign_of_life() -> None:
    """It moves `active_at` and nothing else."""
    member = life()
    member.hear(LoggedIn(event_id="i", member_id=MEMBER, occurred_at=day(2)))
    said = member.wait(MEMBER, day(10))
    assert isinstance(said[0], PersonaChanged)
    assert (said[0].active_at, said[0].orders, said[0].spend_rate_minor) == (day(2), 0, None)


def test_who_always_spends_the_same_has_that_rate() -> None:
    """1,000 a week is 12,857 in 90 days, from half a year on and for ever."""
    for weeks in (26, 60, 200):
        said = last(*[e for n in range(weeks) for e in bought(7 * n, str(n), BAGS)])
        assert said.spend_rate_minor == pytest.approx(1_000 * 90 / 7, rel=0.06)


def test_a_price_is_of_a_piece() -> None:
    """Twelve for 1,200 cost 100 each; the mean is geometric."""
    said = last(*bought(1, "a", ("bags", 1_200), quantity=12))
    assert said.price_minor == pytest.approx(100.0)
    said = last(*bought(1, "a", ("bags", 100), ("bags", 10_000)))
    assert said.price_minor is not None
    assert log1p(said.price_minor) == pytest.approx((log1p(100) + log1p(10_000)) / 2)


def test_the_band_is_beside_what_others_pay() -> None:
    """A third of the shop's lines each."""
    table = Prices()
    lines = [("", 100)] * 40 + [("", 1_000)] * 40 + [("", 10_000)] * 40
    assert life(table).hear(*bought(1, "a", ("", 100)))[0].price_band is None  # type: ignore[attr-defined]
    tuple(PRICES.react(table, order(0, "o", *lines), Place(0, 1)))
    assert table.lines == 120 > LINES_LEAST
    bands = [
        life(table).hear(*bought(1, "a", ("", amount)))[0].price_band  # type: ignore[attr-defined]
        for amount in (100, 1_000, 10_000)
    ]
    assert bands == [PriceBand.LOW, PriceBand.MIDDLE, PriceBand.HIGH]


@given(st.lists(st.integers(0, 200), min_size=1, max_size=300))
def test_preferences_are_bounded_and_frequent_names_stay(names: list[int]) -> None:
    """At most so many are kept; who has more than its share of touches is always among them."""
    weights: dict[str, float] = {}
    for name in names:
        touch(weights, str(name), 1_000.0)
    assert len(weights) <= TRACKED
    for name in set(names):
        if names.count(name) > len(names) / TRACKED:
            assert str(name) in weights
    shown = preferred(weights)
    assert sum(one.share for one in shown) <= 1.0 + 1e-9
    assert [one.share for one in shown] == sorted((one.share for one in shown), reverse=True)


def test_what_is_new_overtakes_what_is_old() -> None:
    """Two orders of two years ago weigh less than one of today."""
    said = last(*bought(0, "a", BAGS), *bought(1, "b", BAGS), *bought(730, "c", LAMPS))
    assert [one.name for one in said.categories] == ["lamps", "bags"]


def test_what_is_bought_along_is_no_preference() -> None:
    """A category weighs by its part of what was paid, not by how often it is there; for nothing, nothing."""
    said = last(*[e for n in range(5) for e in bought(n, str(n), BAGS, ("gifts", 10), ("free", 0))])
    assert [one.name for one in said.categories] == ["bags", "gifts"]
    assert said.categories[0].share == pytest.approx(1_000 / 1_010)


def test_a_busy_member_stays_small() -> None:
    """Thousands of doings with names of their own: the record is bounded."""
    member = life()
    for n in range(1_500):
        member.hear(search(n / 10, f"{n} " + "x" * 90), *bought(n / 10, str(n), (f"c{n}", 100 + n)))
    assert stored(PERSONA, member.state)[0] < 8_000
    assert WEEK == 7 * DAY
