"""All sources in one order: a probability over what is held, and what the exponents learn by."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.candidates.known import mark
from agents.candidates.mixture import Pool, Weights, learn
from agents.candidates.ranking import (
    HEAD,
    Contrast,
    Mixed,
    best,
    contrasts,
    explained,
    held,
    mix,
    shares_of,
    voices,
)
from agents.candidates.reach import REACHED, Reached
from agents.candidates.tastes import Owned, Tastes
from agents.candidates.trends import Trends, of_lists
from schemas.candidates import Purpose, ReachPublished, Source
from tests.agents.rows import table_of

PRODUCTS = ["lamp", "mug", "tray", "vase", *(f"p{n}" for n in range(20))]
weights = st.lists(st.floats(0, 100, width=32), min_size=24, max_size=24)


def spoken(together: list[float], alike: list[float]) -> Tastes:
    """What two voices say of the first products; of the others nothing."""
    voice = [np.pad(np.array(one, np.float32), (0, 24 - len(one))) for one in (together, alike)]
    return Tastes(
        products=list(PRODUCTS),
        together=voice[0].tobytes(),
        alike=voice[1].tobytes(),
        loudest=np.zeros(24, np.float32).tobytes(),
        reasons=np.zeros(24, np.uint32).tobytes(),
    )


def ranked(
    tastes: Tastes,
    trends: Trends,
    pool: Pool,
    purpose: Purpose = Purpose.ANY,
    reached: Reached = Reached(),  # noqa: B008  # nobody changes it
) -> Mixed:
    return mix(voices(held(tastes, trends, reached, 0), purpose, frozenset()), pool)


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
    rest = {
        one: mixed.scores[mixed.voices.slots[one]]
        for one, _ in list(best(mixed, lambda _: True))[HEAD:]
    }
    against = [np.multiply(chance, _all(contrast(mixed, one))) for one, chance in rest.items()]
    assert np.sum(against, axis=0) == pytest.approx(0.0, abs=1e-9)


def contrast(mixed: Mixed, product_id: str) -> Contrast:
    """Of one product."""
    (against,) = contrasts(mixed, [product_id])
    return against


def _all(against: Contrast) -> list[float]:
    return [*against.of_sources, against.of_sum, *against.of_reach]


def test_without_exponents_it_is_the_weighted_sum() -> None:
    """So nothing changes before something was learned."""
    tastes, trends = spoken([3, 1, 0, 0], [0, 1, 0, 0]), of_lists({}, {"vase": 1.0}, [], 0)
    linear = ranked(tastes, trends, Pool())
    pooled = ranked(tastes, trends, Pool({}, 1.0, {Source.TOGETHER: 0.0}))
    assert linear.scores == pytest.approx(linear.linear)
    assert pooled.scores == pytest.approx(linear.scores, rel=1e-3)


def test_what_several_sources_say_is_learned_to_count_for_more() -> None:
    """Many have more by a single source; touched is always what two of them name."""
    tastes = spoken([0, 2, *([5] * 11)], [0, 0, *([0] * 11), *([5] * 11)])
    trends, learned = of_lists({"mug": 0.02, "lamp": 0.98}, {}, [], 0), Weights()
    places = []
    for _ in range(300):
        mixed = ranked(tastes, trends, learned.pool)
        places.append([one for one, _ in best(mixed, lambda _: True)].index("mug"))
        shares = shares_of(mixed.voices, "mug")
        learn(learned, mixed.voices.sources, shares, *contrast(mixed, "mug"))
    assert places[0] > 20
    assert places[-1] <= HEAD


def known_of(**members: tuple[float, int]) -> Reached:
    """A table: by product the members of late, and ever."""
    published = ReachPublished(
        event_id="r",
        model="reach",
        occurred_at=0,
        marks=[mark(product) for product in members],
        recent=[recent for recent, _ in members.values()],
        members=[ever for _, ever in members.values()],
    )
    return table_of(REACHED, [published])  # type: ignore[arg-type,return-value]  # broadcasts of ours


def test_what_rises_is_learned_to_come_first() -> None:
    """What speaks for the products speaks for all alike; touched is always what is new to many."""
    tastes = spoken([5] * 24, [])
    reached = known_of(p19=(40.0, 50), lamp=(40.0, 4_000), mug=(0.5, 50))
    learned, places = Weights(), []
    for _ in range(300):
        mixed = ranked(tastes, Trends(), learned.pool, reached=reached)
        places.append([one for one, _ in best(mixed, lambda _: True)].index("p19"))
        shares = shares_of(mixed.voices, "p19")
        learn(learned, mixed.voices.sources, shares, *contrast(mixed, "p19"))
    of_late, ever = learned.pool.of_reach or (0.0, 0.0)
    assert places[0] == 23
    assert places[-1] < HEAD
    assert of_late > 0 > ever


def test_of_the_head_nothing_is_learned() -> None:
    """However it got there."""
    mixed = ranked(spoken([9, 8, 7, 6, *([1] * 20)], [1, 1]), Trends(), Pool())
    first = [product for product, _ in best(mixed, lambda _: True)]
    assert all(contrast(mixed, product)[0] == [] for product in first[:HEAD])
    assert all(contrast(mixed, product)[0] for product in first[HEAD:])


def test_what_no_source_holds_teaches_the_exponents_nothing() -> None:
    """Its logarithms are those of nothing, whatever the sources are worth."""
    mixed = ranked(spoken([1, 1, 0, 0], [0, 0, 0, 0]), Trends(), Pool())
    assert contrast(mixed, "vase") == ([], 0.0, [])
    assert contrast(mixed, "unheard of") == ([], 0.0, [])
    assert shares_of(mixed.voices, "unheard of") == [0.0]


def test_what_is_known_is_nothing_novel() -> None:
    """And what was bought is no source of it."""
    tastes = spoken([1, 1, 0, 0], [0, 0, 0, 0])
    tastes.owned = {"plate": Owned(2, 0)}
    known = frozenset([mark("lamp")])
    mixed = mix(voices(held(tastes, Trends(), Reached(), 0), Purpose.NOVEL, known), Pool())
    assert [one for one, _ in best(mixed, lambda _: True)] == ["mug"]
    anything = mix(voices(held(tastes, Trends(), Reached(), 0), Purpose.ANY, frozenset()), Pool())
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
