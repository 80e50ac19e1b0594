"""The journey: every touch is told once, with all that stood around it within the window."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agents.candidates.journey import KEPT, Journey, Surrounded, close, lately, learn, touch
from agents.candidates.paths import WINDOW

JOURNEYS = st.lists(st.integers(0, 60), max_size=60).map(lambda ns: [f"p{n}" for n in ns])


def travelled(products: list[str]) -> tuple[Journey, list[Surrounded]]:
    journey = Journey()
    told = [one for product in products for one in touch(journey, product, 1.0)]
    return journey, told


@given(JOURNEYS)
def test_each_touch_is_told_once_in_order(products: list[str]) -> None:
    """The touches that later ones push out, then at the end the rest."""
    journey, told = travelled(products)
    assert len(told) == max(0, len(products) - WINDOW)
    told += close(journey)
    assert [one.product_id for one in told] == products
    assert list(close(journey)) == []


@given(JOURNEYS)
def test_surroundings_are_what_was_touched_around(products: list[str]) -> None:
    """The window before and after, the nearest first: so a pair is told from both sides alike."""
    journey, told = travelled(products)
    told += close(journey)
    for place, one in enumerate(told):
        before = products[max(0, place - WINDOW) : place][::-1]
        after = products[place + 1 : place + 1 + WINDOW]
        assert [near.product_id for near in one.before] == before
        assert [near.product_id for near in one.after] == after


@given(JOURNEYS, JOURNEYS)
def test_silence_ends_a_visit(first: list[str], second: list[str]) -> None:
    """After it, touches of the visit before are told no more, but stand before those that come."""
    journey, told = travelled(first)
    told += close(journey)
    later = [one for product in second for one in touch(journey, product, 1.0)] + list(
        close(journey)
    )
    assert [one.product_id for one in told + later] == first + second
    for place, one in enumerate(told):
        assert [near.product_id for near in one.after] == first[place + 1 : place + 1 + WINDOW]
    if first and second:
        assert later[0].before[0].product_id == first[-1]


@given(JOURNEYS)
def test_bounded(products: list[str]) -> None:
    """What is kept is the newest."""
    journey, _ = travelled(products)
    assert journey.products == products[::-1][:KEPT]
    assert len(journey.places) == len(journey.touched) == len(journey.products)
    assert journey.open <= WINDOW


def test_what_a_product_told_goes_with_it() -> None:
    """How often it is touched by all, wherever it stands in a journey."""
    journey, _ = travelled(["a", "b", "a"])
    learn(journey, "a", 7)
    (first, second, third) = close(journey)
    assert [near.touches for near in first.after] == [0, 7]
    assert [near.touches for near in second.before + second.after] == [7, 7]
    assert third.before[0].touches == 0


def test_lately_is_within_the_window() -> None:
    """A product that is among the last ten is not touched anew."""
    journey, _ = travelled([f"p{n}" for n in range(WINDOW + 1)])
    assert lately(journey, "p1")
    assert not lately(journey, "p0")
