"""A gift's price is that of the listing that held at the moment, whatever came in which order."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import Place
from agents.gifts import DAY, GIFTS, KEPT, NAME, PRICES_MOST, Gifts, price, react
from schemas.actions import GiftListed
from schemas.outcomes import GiftPriced, GiftPriceRefused
from tests.agents.rows import ids, stored, table_of


def listed(
    points: int, at: int, listed_at: int = 0, event_id: str = "e", **more: Any
) -> GiftListed:
    fields = {"product_id": "gift", "effective_at": at, "occurred_at": listed_at, **more}
    return GiftListed(event_id=event_id, points=points, **fields)


GONE: dict[str, Any] = {"available": False}
ROWS = [
    ("never listed", [], [(5, None)]),
    ("from its moment on", [listed(10, 5)], [(4, None), (5, 10), (9**15, 10)]),
    ("a later one replaces it", [listed(10, 5), listed(20, 9)], [(5, 10), (8, 10), (9, 20)]),
    ("heard the other way round", [listed(20, 9), listed(10, 5)], [(8, 10), (9, 20)]),
    ("no longer to be had", [listed(10, 5), listed(10, 9, **GONE)], [(8, 10), (9, None)]),
    ("to be had again", [listed(1, 5), listed(1, 6, **GONE), listed(2, 7)], [(6, None), (7, 2)]),
    ("put right for the same moment", [listed(10, 5), listed(20, 5, 1)], [(5, 20)]),
    ("put right, heard the other way", [listed(20, 5, 1), listed(10, 5)], [(5, 20)]),
    ("another gift", [listed(10, 5, product_id="other")], [(5, None)]),
    ("listed for the past: refused", [listed(10, 5, listed_at=6)], [(5, None), (6, None)]),
]


@pytest.mark.parametrize(("events", "prices"), [row[1:] for row in ROWS], ids=ids(ROWS))
def test_price(events: list[GiftListed], prices: list[tuple[int, int | None]]) -> None:
    """Moment and price in points, None when it cannot be had."""
    tables = {NAME: table_of(GIFTS, events)}
    assert [(at, price(tables, "gift", at)) for at, _ in prices] == prices


def sentences(*events: GiftListed) -> list[str]:
    """The reasons of the last listing's refusal."""
    state, said = Gifts(), list[Any]()
    for event in events:
        said = list(react(state, event, Place(0, 2)))
    return said[0].reasons if isinstance(said[0], GiftPriceRefused) else []


def test_refusals_are_sentences() -> None:
    """Every reason is told at once, in words that say what to do."""
    assert sentences(listed(1, 5)) == []
    assert "cannot change what is past" in sentences(listed(1, 5, listed_at=6))[0]
    assert "made later" in sentences(listed(1, 9, 3), listed(1, 9, 2))[0]
    full = [listed(1, at) for at in range(PRICES_MOST)]
    past, many = sentences(*full, listed(1, PRICES_MOST, PRICES_MOST + 1))
    assert "cannot change what is past" in past
    assert f"{PRICES_MOST} prices" in many


def test_said_once() -> None:
    """Every partition keeps the price, partition 0 says it."""
    said = [list(react(Gifts(), listed(3, 5), Place(n, 3))) for n in range(3)]
    assert [len(words) for words in said] == [1, 0, 0]
    assert isinstance(said[0][0], GiftPriced)
    refused = [list(react(Gifts(), listed(3, 5, 6), Place(n, 3))) for n in range(3)]
    assert [len(words) for words in refused] == [1, 0, 0]


def test_too_many_gifts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new gift beyond the most is refused; those that are there can still change."""
    monkeypatch.setattr("agents.gifts.GIFTS_MOST", 1)
    other = listed(1, 5, product_id="other")
    assert "no more are kept" in sentences(listed(1, 5), other)[0]
    assert sentences(listed(1, 5), listed(2, 6)) == []


def test_what_nobody_can_ask_for_is_forgotten() -> None:
    """A price replaced longer ago than an action may be old is let go, and the table stays small."""
    days = [listed(n + 1, n * 5 * DAY, n * 5 * DAY) for n in range(1_000)]
    state = table_of(GIFTS, days)
    last = days[-1].occurred_at
    assert len(state.prices["gift"].prices) == KEPT // (5 * DAY) + 1
    for at in range(last - KEPT, last, 3 * DAY):
        assert price({NAME: state}, "gift", at) == at // (5 * DAY) + 1
    longest = [
        listed(10**9, at, product_id="p" * 128, event_id="e" * 128)
        for at in range(9**15, 9**15 + PRICES_MOST)
    ]
    assert max(stored(GIFTS, table_of(GIFTS, longest))) < 64 * 1024


LISTINGS = st.lists(
    st.tuples(st.integers(1, 9), st.integers(3, 6), st.integers(0, 3)), max_size=5, unique=True
)


@given(LISTINGS)
def test_partitions_agree(found: list[tuple[int, int, int]]) -> None:
    """Whatever the order in which a partition hears the listings, the prices are the same."""
    events = [
        listed(points, at, listed_at, event_id=f"e{n}")
        for n, (points, at, listed_at) in enumerate(found)
    ]
    tables = [{NAME: table_of(GIFTS, order)} for order in permutations(events)]
    told = {tuple(price(one, "gift", at) for at in range(8)) for one in tables}
    assert len(told) == 1
