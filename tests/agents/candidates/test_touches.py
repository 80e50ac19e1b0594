"""Touches where the member is: products told and asked, each once, and only of who agrees."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.candidates.journey import KEPT
from agents.candidates.paths import WINDOW
from agents.candidates.touches import ASKED_MOST, TOUCHES
from schemas.actions import ProductBrowsed
from schemas.candidates import (
    ConsentGiven,
    ConsentPurpose,
    ConsentWithdrawn,
    ListWanted,
    NeighboursTold,
    Occasion,
    ProductTouched,
    TouchSurrounded,
)
from schemas.outcomes import ProductViewed
from schemas.risk import LoggedIn
from tests.agents.candidates.orders_told import START, order
from tests.agents.rows import Life, stored

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def look(product: str, at: int = 0) -> ProductBrowsed:
    return ProductBrowsed(
        event_id=f"{product}@{at}", member_id="m", occurred_at=START + at, product_id=product
    )


def consent(kind: Any, at: int) -> Any:
    return kind(
        event_id="c", member_id="m", occurred_at=START + at, purpose=ConsentPurpose.PERSONALISATION
    )


def short(said: list[Any]) -> list[str]:
    """`counts p`: a look; `asks p`: with a counted look or without; `tells p`: of its surroundings."""
    found = []
    for one in said:
        match one:
            case ProductViewed(recent=None):
                found.append(f"counts {one.product_id}")
            case ProductViewed():
                found.append(f"counts and asks {one.product_id}")
            case ProductTouched():
                found.append(f"asks {one.product_id}")
            case TouchSurrounded():
                found.append(f"tells {one.product_id}")
            case ListWanted():
                found.append("stranger" if one.stranger else "silence")
            case _:
                raise AssertionError(one)
    return found


MANY = [look(f"p{n}", MINUTE + n) for n in range(WINDOW)]
ROWS: list[tuple[str, list[Any], list[Any], list[str]]] = [
    ("the first look", [], [look("a")], ["counts and asks a", "stranger"]),
    ("the next", [look("a")], [look("b", 1)], ["counts and asks b"]),
    ("again at once is no touch", [look("a")], [look("a", 1)], []),
    ("again after an hour counts", [look("a")], [look("a", HOUR)], ["tells a", "counts a"]),
    (
        "again after ten others is a touch",
        [look("a"), *MANY],
        [look("a", 2 * MINUTE)],
        ["asks a", "tells p0"],
    ),
    ("an order", [], [order("a", "b")], ["asks a", "asks b", "stranger"]),
    ("a line twice", [look("z")], [order("a", "a", at=1)], ["asks a"]),
    ("what was just looked at is no touch", [look("a")], [order("a", at=1)], []),
    (
        "refused: looks count all the same",
        [consent(ConsentWithdrawn, 0)],
        [look("a", 1)],
        ["counts a"],
    ),
    ("refused: an order asks nothing", [consent(ConsentWithdrawn, 0)], [order("a", at=1)], []),
    (
        "allowed again: a stranger",
        [look("a"), consent(ConsentWithdrawn, 1), consent(ConsentGiven, 2)],
        [look("b", 3)],
        ["counts and asks b", "stranger"],
    ),
]


@pytest.mark.parametrize(
    ("before", "events", "words"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_what_is_said(before: list[Any], events: list[Any], words: list[str]) -> None:
    """To the events, after those before."""
    life = Life(TOUCHES)
    life.hear(*before)
    assert short(life.hear(*events)) == words


def test_a_question_carries_what_was_touched_before() -> None:
    """The newest first, and where the touch lies: a look is a step, an order four."""
    life = Life(TOUCHES)
    life.hear(look("a"), look("b", 1))
    (view,) = life.hear(look("c", 2))
    assert isinstance(view, ProductViewed)
    assert (view.recent, view.place) == (["b", "a"], 3.0)
    asked = [one for one in life.hear(order("d", "e", at=3)) if isinstance(one, ProductTouched)]
    assert [(one.place, one.occasion, one.asked) for one in asked] == [
        (5.0, Occasion.ORDER, 2),
        (7.0, Occasion.ORDER, 2),
    ]
    assert asked[1].recent == ["d", "c", "b", "a"]


def test_each_touch_is_told_to_its_product_once() -> None:
    """When ten more are known, or after an hour of silence; never twice."""
    life = Life(TOUCHES)
    for number in range(15):
        life.hear(look(f"p{number}", number * MINUTE))
    told = [one for one in life.said if isinstance(one, TouchSurrounded)]
    assert [one.product_id for one in told] == [f"p{n}" for n in range(5)]
    life.wait("m", START + 14 * MINUTE + HOUR - 1)
    assert len([one for one in life.said if isinstance(one, TouchSurrounded)]) == 5
    life.wait("m", START + 3 * DAY)
    told = [one for one in life.said if isinstance(one, TouchSurrounded)]
    assert [one.product_id for one in told] == [f"p{n}" for n in range(15)]
    assert [near.product_id for near in told[7].after] == [f"p{n}" for n in range(8, 15)]
    assert life.due() is None


def test_silence() -> None:
    """After an hour the touch is told, after a day a list is wanted; then the member is left alone."""
    life = Life(TOUCHES)
    life.hear(look("a"), look("b", 30 * MINUTE))
    assert short(life.wait("m", START + 90 * MINUTE)) == ["tells a", "tells b"]
    life.hear(look("c", 5 * HOUR))
    assert short(life.wait("m", START + 6 * HOUR)) == ["tells c"]
    assert life.wait("m", START + 29 * HOUR - 1) == []
    assert short(life.wait("m", START + 90 * DAY)) == ["silence"]
    assert life.due() is None


def test_what_a_product_told_is_told_on() -> None:
    """How often it is touched by all goes with it to its neighbours."""
    life = Life(TOUCHES)
    life.hear(look("a"), look("b", 1))
    answer = NeighboursTold(
        event_id="n",
        member_id="m",
        occurred_at=START + 1,
        product_id="a",
        touches=9,
        product_ids=[],
        together=[],
        alike=[],
    )
    assert life.hear(answer) == []
    (_, told) = life.wait("m", START + 2 * HOUR)
    assert isinstance(told, TouchSurrounded)
    assert [(near.product_id, near.touches) for near in told.before] == [("a", 9)]


def test_an_order_asks_for_its_last_lines() -> None:
    """However long it is."""
    life = Life(TOUCHES)
    products = [f"p{n}" for n in range(ASKED_MOST + 7)]
    asked = [one for one in life.hear(order(*products)) if isinstance(one, ProductTouched)]
    assert [one.product_id for one in asked] == products[-ASKED_MOST:]
    assert {one.asked for one in asked} == {ASKED_MOST}


def test_who_returns_after_a_day_asks_again() -> None:
    """Each product of the journey once, the oldest first, from where its touch lay."""
    life = Life(TOUCHES)
    life.hear(look("a"), *MANY, look("a", 2 * MINUTE))
    log_in = LoggedIn(event_id="l", member_id="m", occurred_at=START + 3 * DAY)
    asked = life.hear(log_in)
    asked = [one for one in asked if isinstance(one, ProductTouched)]
    assert [one.product_id for one in asked] == [*(f"p{n}" for n in range(WINDOW)), "a"]
    assert [one.place for one in asked] == [float(n) for n in range(2, WINDOW + 3)]
    assert {(one.occasion, one.asked) for one in asked} == {(Occasion.LOG_IN, WINDOW + 1)}
    again = LoggedIn(event_id="l2", member_id="m", occurred_at=START + 3 * DAY + HOUR)
    assert life.hear(again) == []


EVENTS = st.lists(
    st.one_of(
        st.builds(look, st.integers(0, 40).map(lambda n: f"p{n}"), st.integers(0, 5 * DAY)),
        st.builds(lambda at: order("p1", "p2", at=at), st.integers(0, DAY)),
        st.builds(consent, st.sampled_from([ConsentGiven, ConsentWithdrawn]), st.integers(0, DAY)),
    ),
    max_size=60,
)


@given(EVENTS)
def test_in_whatever_order_and_time(events: list[Any]) -> None:
    """What is asked is told once, unless consent fell between; state is bounded."""
    life = Life(TOUCHES)
    life.hear(*events)
    life.wait("m", START + 10 * DAY)
    journey = life.state.journey
    assert len(journey.places) == len(journey.touched) == len(journey.products) <= KEPT
    assert life.due() is None
    if not any(isinstance(event, ConsentWithdrawn) for event in events):
        asks = sum(
            isinstance(one, ProductTouched) or getattr(one, "recent", None) is not None
            for one in life.said
        )
        assert asks == sum(isinstance(one, TouchSurrounded) for one in life.said)


def test_small_with_the_longest_ids() -> None:
    """A touch writes this state."""
    life = Life(TOUCHES)
    for number in range(100):
        life.hear(look(f"p{number}".ljust(128, "x"), number))
    record, _ = stored(TOUCHES, life.state)
    assert record < 15_000
