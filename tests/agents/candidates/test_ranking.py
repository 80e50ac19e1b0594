"""All sources in one order: a probability over what is held, and what the exponents learn by."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.candidates.known import mark
from agents.candidates.mixture import Pool, Weights, learn
from agents.candidates.ranking import (
    Mixed,
    best,
    contrasts,
    explained,
    held,
    mix,
    shares_of,
    voices,
)
from agents.candidates.tastes import Owned, Tastes
from agents.candidates.trends import Trends, of_lists
from schemas.candidates import Purpose, Source

PRODUCTS = ["lamp", "mug", "tray", "vase"]
weights = st.lists(st.floats(0, 100, width=32), min_size=4, max_size=4)


def spoken(together: list[float], alike: list[float]) -> Tastes:
    return Tastes(
        products=list(PRODUCTS),
        together=np.array(together, np.float32).tobytes(),
        alike=np.array(alike, np.float32).tobytes(),
        loudest=np.zeros(4, np.float32).tobytes(),
        reasons=np.zeros(4, np.uint32).tobytes(),
    )


def ranked(tastes: Tastes, trends: Trends, pool: Pool, purpose: Purpose = Purpose.ANY) -> Mixed:
    return mix(voices(held(tastes, trends, 0), purpose, frozenset()), pool)


@given(
    weights,
    weights,
    st.floats(-3, 3),
    st.floats(-3, 3),
    st.dictionaries(st.sampled_from(PRODUCTS), st.floats(0, 1)),
)
def test_a_probability_over_what_is_held(
    together: list[float], alike: list[float], power: float, exponent: float, day: dict[str, float]
) -> None:
    """Whatever was learned: nothing negative, nothing that no source holds, one in all; and what is
    expected of a contrast is nothing.
    """
    pool = Pool({}, power, {Source.TOGETHER: exponent, Source.TRENDING_DAY: -exponent})
    mixed = ranked(spoken(together, alike), of_lists(day, {}, [], 0), pool)
    there = mixed.linear > 0
    assert (mixed.scores >= 0).all()
    assert (mixed.scores[~there] == 0).all()
    if not there.any():
        return
    assert mixed.scores.sum() == pytest.approx(1.0)
    chances = {one: mixed.scores[slot] for one, slot in mixed.voices.slots.items()}
    against = [
        np.multiply(chances[one], found)
        for one in chances
        if (found := contrasts(mixed, pool, one))
    ]
    assert np.sum(against, axis=0) == pytest.approx(0.0, abs=1e-9)


def test_without_exponents_it_is_the_weighted_sum() -> None:
    """So nothing changes before something was learned."""
    tastes, trends = spoken([3, 1, 0, 0], [0, 1, 0, 0]), of_lists({}, {"vase": 1.0}, [], 0)
    linear = ranked(tastes, trends, Pool())
    pooled = ranked(tastes, trends, Pool({}, 1.0, {Source.TOGETHER: 0.0}))
    assert linear.scores == pytest.approx(linear.linear)
    assert pooled.scores == pytest.approx(linear.scores, rel=1e-3)


def test_what_several_sources_say_is_learned_to_count_for_more() -> None:
    """One product has most of the sum by a single source; touched is always what two of them name."""
    tastes, trends = (
        spoken([6, 4, 0, 0], [0, 0, 5, 5]),
        of_lists({"mug": 0.3, "vase": 0.7}, {}, [], 0),
    )
    learned = Weights()
    first = [product for product, _ in best(ranked(tastes, trends, Pool()), lambda _: True)]
    for _ in range(200):
        mixed = ranked(tastes, trends, learned.pool)
        learn(
            learned,
            mixed.voices.sources,
            shares_of(mixed.voices, "mug"),
            contrasts(mixed, learned.pool, "mug"),
        )
    last = [product for product, _ in best(ranked(tastes, trends, learned.pool), lambda _: True)]
    assert first[0] != "mug"
    assert last[0] == "mug"


def test_what_no_source_holds_teaches_the_exponents_nothing() -> None:
    """Its logarithms are those of nothing, whatever the sources are worth."""
    mixed = ranked(spoken([1, 1, 0, 0], [0, 0, 0, 0]), Trends(), Pool())
    assert contrasts(mixed, Pool(), "vase") == []
    assert contrasts(mixed, Pool(), "unheard of") == []
    assert shares_of(mixed.voices, "unheard of") == [0.0]


def test_what_is_known_is_nothing_novel() -> None:
    """And what was bought is no source of it."""
    tastes = spoken([1, 1, 0, 0], [0, 0, 0, 0])
    tastes.owned = {"plate": Owned(2, 0)}
    known = frozenset([mark("lamp")])
    mixed = mix(voices(held(tastes, Trends(), 0), Purpose.NOVEL, known), Pool())
    assert [one for one, _ in best(mixed, lambda _: True)] == ["mug"]
    anything = mix(voices(held(tastes, Trends(), 0), Purpose.ANY, frozenset()), Pool())
    assert {one for one, _ in best(anything, lambda _: True)} == {"lamp", "mug", "plate"}


def test_the_source_is_the_one_that_gives_most() -> None:
    """With the touched product that spoke for it, where there is one."""
    tastes = spoken([2, 0, 0, 0], [0, 2, 0, 0])
    tastes.reasons = np.array([1, 2, 0, 0], np.uint32).tobytes()
    tastes.answers, tastes.answered = 2, ["chair", "bed"]
    mixed = ranked(tastes, of_lists({}, {"vase": 1.0}, [], 0), Pool())
    found = {
        one[1]: (one[0], one[2]) for one in explained(mixed, tastes, best(mixed, lambda _: True))
    }
    assert found == {
        "lamp": ("bed", Source.TOGETHER),
        "mug": ("chair", Source.ALIKE),
        "vase": (None, Source.TRENDING_WEEK),
    }


def test_a_stranger_in_a_new_shop_is_offered_nothing() -> None:
    """No source holds anything."""
    mixed = ranked(Tastes(), Trends(), Pool({}, 1.2, {Source.TOGETHER: 0.4}))
    assert list(best(mixed, lambda _: True)) == []
    assert list(explained(mixed, Tastes(), [])) == []
