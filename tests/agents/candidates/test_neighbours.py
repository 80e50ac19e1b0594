"""A product's neighbours: learned from surroundings, bounded without bias, told to who asks."""

from __future__ import annotations

from array import array
from collections import Counter
from copy import deepcopy
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agents.candidates.known import mark
from agents.candidates.neighbours import (
    ANSWERED_MOST,
    KIN_LOUDNESS,
    NEIGHBOURS,
    NEIGHBOURS_MOST,
    PAGE_EVERY,
    POPULARITY_POWER,
    Neighbours,
)
from agents.candidates.paths import NEARNESS, PATHS_MOST, ROW, WINDOW
from schemas.candidates import (
    Near,
    NeighboursChanged,
    NeighboursTold,
    Occasion,
    ProductTouched,
    TouchSurrounded,
)
from schemas.content import KinChanged
from schemas.outcomes import ProductViewed
from tests.agents.rows import Life, ids, stored

IDS_LONG = 128


def near(*products: str) -> list[Near]:
    return [Near(product_id=product, touches=1) for product in products]


def surrounded(before: list[Near], after: list[Near], number: int = 0) -> TouchSurrounded:
    return TouchSurrounded(
        event_id=f"s{number}", product_id="lamp", occurred_at=number, before=before, after=after
    )


def asked(*recent: str) -> ProductTouched:
    return ProductTouched(
        event_id="ask",
        product_id="lamp",
        occurred_at=0,
        member_id="m",
        recent=list(recent),
        place=7.5,
        occasion=Occasion.ORDER,
        asked=3,
    )


def numbers(state: Neighbours) -> tuple[list[float], list[int]]:
    """Weights and touches by slot."""
    return list(array("f", state.weights)), list(array("I", state.touched))


def told(life: Life, *recent: str) -> NeighboursTold:
    """The answer to a touch by a member with these touches before."""
    (answer,) = life.hear(asked(*recent))
    assert isinstance(answer, NeighboursTold)
    return answer


ROWS = [
    ("nothing known", [], (), []),
    ("the nearer the louder", [surrounded(near("a", "b"), [])], (), ["a", "b"]),
    ("before and after alike", [surrounded(near("a"), near("b"))], (), ["a", "b"]),
    ("not to itself", [surrounded(near("lamp", "a"), near("lamp"))], (), ["a"]),
    ("not what the member just touched", [surrounded(near("a", "b"), [])], ("a",), ["b"]),
    (
        "twice is more than near",
        [surrounded(near("a", "b"), []), surrounded(near("c", "b"), [])],
        (),
        ["b", "a", "c"],
    ),
    (
        "in paths like the member's",
        [surrounded(near("x"), near("a")), surrounded(near("y"), near("b"))],
        ("y",),
        ["b", "x", "a"],
    ),
]


@pytest.mark.parametrize(("events", "recent", "products"), [r[1:] for r in ROWS], ids=ids(ROWS))
def test_who_is_told(
    events: list[TouchSurrounded], recent: tuple[str, ...], products: list[str]
) -> None:
    """The loudest first; of equals the one met first."""
    life = Life(NEIGHBOURS)
    life.hear(*events)
    assert told(life, *recent).product_ids == products


def test_the_answer_carries_what_was_asked() -> None:
    """Where the touch lies, why and with how many it was asked; a look that counts may ask, too."""
    life = Life(NEIGHBOURS)
    answer = told(life)
    assert (answer.place, answer.occasion, answer.asked) == (7.5, Occasion.ORDER, 3)
    view = ProductViewed(event_id="v", product_id="lamp", member_id="m", occurred_at=5)
    assert life.hear(view) == []
    (looked,) = life.hear(replace(view, recent=["a"], place=2.0))
    assert isinstance(looked, NeighboursTold)
    assert (looked.place, looked.occasion, looked.asked) == (2.0, Occasion.LOOK, 1)


def kin(**weights: float) -> KinChanged:
    return KinChanged(
        product_id="lamp", occurred_at=0, kin_ids=[*weights], weights=[*weights.values()]
    )


def test_kin_is_told_beside_neighbours() -> None:
    """Who is described like it, unless touches name it already or the member touched it just now."""
    life = Life(NEIGHBOURS)
    (page,) = life.hear(kin(a=3.0, b=2.0, c=1.0))
    assert isinstance(page, NeighboursChanged)
    assert (page.product_ids, page.similar_ids) == ([], ["a", "b", "c"])
    answer = told(life)
    assert answer.kin_ids == ["a", "b", "c"]
    assert sum(answer.kin_weights) == pytest.approx(KIN_LOUDNESS)
    assert life.hear(kin(a=3.0, b=2.0, c=1.0, d=1.0)) == []
    life.hear(surrounded(near("a"), []))
    answer = told(life, "b")
    assert (answer.product_ids, answer.kin_ids) == (["a"], ["c", "d"])


def test_item_knn_is_told_of_a_sample() -> None:
    """One answer in sixteen, by the question's id: by cosine, what all touch not before the rest."""
    life = Life(NEIGHBOURS)
    star, rare = Near(product_id="star", touches=500), Near(product_id="rare", touches=3)
    life.hear(surrounded([star], [rare]), surrounded([rare], [star], 1))
    said = [life.hear(replace(asked(), event_id=f"e{n}"))[0] for n in range(1_600)]
    with_it = [one for one in said if isinstance(one, NeighboursTold) and one.reference is not None]
    assert 70 < len(with_it) < 130
    assert all(one.reference == [mark("rare"), mark("star")] for one in with_it)


def test_what_all_touch_is_less_loud() -> None:
    """Of two neighbours met alike, the one that is touched by everybody comes after."""
    life = Life(NEIGHBOURS)
    star, rare = Near(product_id="star", touches=500), Near(product_id="rare", touches=3)
    life.hear(surrounded([star], [rare]), surrounded([rare], [star], 1))
    assert told(life).product_ids == ["rare", "star"]


def test_the_page_is_told_once_in_a_while() -> None:
    """After 1, 2, 4 and then every eighth touch, the strongest first."""
    life = Life(NEIGHBOURS)
    said = []
    for number in range(3 * PAGE_EVERY):
        said += life.hear(surrounded(near("a"), near("b", "a"), number))
    pages = [one for one in said if isinstance(one, NeighboursChanged)]
    assert [page.product_ids for page in pages] == [["a", "b"]] * 6


def test_alike_is_not_loud() -> None:
    """What all touch stands first among what is touched together, and last among what is similar."""
    life = Life(NEIGHBOURS)
    star, rare = Near(product_id="star", touches=500), Near(product_id="rare", touches=3)
    (page,) = life.hear(surrounded([star, rare], [star]))
    assert isinstance(page, NeighboursChanged)
    assert (page.product_ids, page.similar_ids) == (["star", "rare"], ["rare", "star"])


PRODUCTS = st.lists(st.integers(0, 400).map(lambda n: f"p{n}"), max_size=WINDOW)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(PRODUCTS, PRODUCTS), max_size=80))
def test_bounded_and_whole(history: list[tuple[list[str], list[str]]]) -> None:
    """Never more than the bound; every byte of a path names a slot that is there or nobody."""
    life = Life(NEIGHBOURS)
    for number, (before, after) in enumerate(history):
        life.hear(surrounded(near(*before), near(*after), number))
    state: Neighbours = life.state
    count = len(state.products)
    assert count <= NEIGHBOURS_MOST
    weights, touched = numbers(state)
    assert count == len(set(state.products)) == len(weights) == len(touched)
    assert len(state.paths) <= PATHS_MOST * ROW
    assert len(state.paths) % ROW == 0
    assert all(slot < count or slot == 255 for slot in state.paths)
    assert state.touches == len(history)


@given(st.lists(st.tuples(PRODUCTS, PRODUCTS), max_size=15))
def test_nothing_is_lost_while_there_is_room(history: list[tuple[list[str], list[str]]]) -> None:
    """Up to the bound a weight is the sum of what was met, whoever it is."""
    life = Life(NEIGHBOURS)
    wanted: Counter[str] = Counter()
    for number, sides in enumerate(history):
        life.hear(surrounded(*(near(*side) for side in sides), number))
        for side in sides:
            for product, weight in zip(side, NEARNESS, strict=False):
                wanted[product] += weight  # type: ignore[assignment]  # a sum of floats
    state: Neighbours = life.state
    if len(wanted) <= NEIGHBOURS_MOST:
        found = dict(zip(state.products, numbers(state)[0], strict=True))
        assert found == pytest.approx(dict(wanted), rel=1e-6)


def crowd(seed: int, touches: int) -> Life:
    """Four hundred neighbours, the first forty of them met twenty times as often as the rest."""
    random = Random(seed)
    life = Life(NEIGHBOURS)
    for number in range(touches):
        products = [
            f"often{random.randrange(40)}" if random.random() < 0.7 else f"rare{number}-{place}"
            for place in range(WINDOW)
        ]
        life.hear(surrounded(near(*products), [], number + seed * touches))
    return life


def test_who_is_often_met_stays() -> None:
    """In a full list newcomers take the places of the weak: all that is met often is still there."""
    state: Neighbours = crowd(1, 600).state
    assert len(state.products) == NEIGHBOURS_MOST
    often = [product for product in state.products if product.startswith("often")]
    assert len(often) == 40


def test_a_newcomer_is_taken_in_as_often_as_the_rule_says() -> None:
    """With probability w / (w_min + w), over the ids of events; it inherits, or leaves nothing."""
    full = Neighbours(
        products=[f"p{n}" for n in range(NEIGHBOURS_MOST)],
        weights=array("f", [3.0] + [9.0] * (NEIGHBOURS_MOST - 1)).tobytes(),
        touched=array("I", [1] * NEIGHBOURS_MOST).tobytes(),
    )
    taken = 0
    for number in range(2_000):
        life = Life(NEIGHBOURS)
        life.state = deepcopy(full)
        life.hear(surrounded(near("new"), [], number))
        if life.state.products[0] == "new":
            taken += 1
            assert numbers(life.state)[0][0] == 4.0
            assert array("f", life.state.inherited)[0] == 3.0
        else:
            assert life.state.weights == full.weights
    assert abs(taken / 2_000 - 1 / (3 + 1)) < 4 * (0.25 * 0.75 / 2_000) ** 0.5


def test_what_was_inherited_says_nothing() -> None:
    """A newcomer to a list of strong neighbours keeps the place, and is as loud as what it earned."""
    life = Life(NEIGHBOURS)
    life.state = Neighbours(
        products=["old", "new"],
        weights=array("f", [50.0, 51.0]).tobytes(),
        inherited=array("f", [0.0, 50.0]).tobytes(),
        touched=array("I", [100, 1]).tobytes(),
        touches=7,
    )
    answer = told(life)
    assert answer.product_ids == ["old", "new"]
    fame = (101 / 2) ** POPULARITY_POWER
    assert answer.together[0] / answer.together[1] == pytest.approx(50.0 / fame, rel=1e-6)
    (page,) = [
        one
        for one in life.hear(surrounded(near("old"), [], 1))
        if isinstance(one, NeighboursChanged)
    ]
    assert page.product_ids == ["old", "new"]


def test_who_never_told_is_not_taken_for_rare() -> None:
    """Of a line that an order did not ask for nobody knows how often it is touched: like the others."""
    life = Life(NEIGHBOURS)
    unknown = Near(product_id="unknown", touches=0)
    star, rare = Near(product_id="star", touches=500), Near(product_id="rare", touches=3)
    life.hear(surrounded([star], [unknown]), surrounded([unknown], [rare], 1))
    life.hear(surrounded([rare], [star], 2))
    assert told(life).product_ids == ["rare", "unknown", "star"]


def test_what_was_kept_before_inheritance_was_noted_is_read() -> None:
    """A state of an earlier version: nothing was noted, so nothing is taken off."""
    life = Life(NEIGHBOURS)
    life.hear(surrounded(near("a", "b"), [], 0))
    before = told(life).together
    life.state.inherited = b""
    assert told(life).together == before
    life.hear(surrounded(near("a"), [], 1))
    assert len(life.state.inherited) == len(life.state.weights)


def test_the_same_log_gives_the_same_list() -> None:
    """The draws come from ids: again is the same, other ids are another list."""
    assert crowd(1, 300).state == crowd(1, 300).state
    assert crowd(1, 300).state.products != crowd(2, 300).state.products


def test_small_enough_with_the_longest_ids() -> None:
    """State and answer stay far below what a record may be."""
    life = Life(NEIGHBOURS)
    for number in range(300):
        some = [f"{number}-{place}".ljust(IDS_LONG, "x") for place in range(WINDOW)]
        life.hear(surrounded(near(*some), [], number))
    record, _ = stored(NEIGHBOURS, life.state)
    assert record < 40_000
    answer = told(life)
    assert len(answer.product_ids) == ANSWERED_MOST
    assert sum(map(len, answer.product_ids)) + 16 * ANSWERED_MOST < 20_000
