"""Tastes: answers add up and fade by touches, forward decay is the naive sum, all of it bounded."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.candidates.known import KNOWN_MOST, added, mark, marks
from agents.candidates.tastes import (
    ANSWERED_KEPT,
    FADING,
    KEPT_MOST,
    OWNED_MOST,
    SLACK,
    STEPS_MOST,
    Tastes,
    clear,
    hear,
    own,
    reason,
    reasons,
    voices,
)
from schemas.candidates import NeighboursTold

ANSWERS = st.lists(
    st.tuples(
        st.floats(0.1, 30.0),
        st.dictionaries(st.sampled_from("abcdef"), st.floats(0.0, 9.0), max_size=4),
    ),
    max_size=25,
)


def answer(
    product: str, weights: dict[str, float], place: float = 0.0, alike: float = 0.5
) -> NeighboursTold:
    return NeighboursTold(
        event_id="t",
        member_id="m",
        occurred_at=0,
        product_id=product,
        touches=1,
        product_ids=list(weights),
        together=list(weights.values()),
        alike=[alike * weight for weight in weights.values()],
        place=place,
    )


def spoken(tastes: Tastes, row: int = 0) -> dict[str, float]:
    """What speaks for each product: TOGETHER, or ALIKE."""
    return dict(zip(tastes.products, voices(tastes)[row], strict=True))


def because(tastes: Tastes, product: str) -> str | None:
    return reason(tastes, reasons(tastes)[tastes.products.index(product)])


@given(ANSWERS)
def test_forward_decay_is_the_naive_sum(answers: list[tuple[float, dict[str, float]]]) -> None:
    """Shares of the whole are those of the sum over answers of weight x fading^(steps since)."""
    tastes = Tastes()
    place, naive = 0.0, dict[str, float]()
    for steps, weights in answers:
        place += steps
        naive = {product: weight * FADING**steps for product, weight in naive.items()}
        for product, weight in weights.items():
            naive[product] = naive.get(product, 0.0) + weight
        hear(tastes, answer("r", weights, place), frozenset())
    scale = FADING ** (place - tastes.base)
    found = {product: weight * scale for product, weight in spoken(tastes).items()}
    assert found == pytest.approx(naive, rel=1e-4, abs=1e-9)
    halves = {product: weight / 2 for product, weight in spoken(tastes).items()}
    assert spoken(tastes, 1) == pytest.approx(halves, rel=1e-4, abs=1e-30)
    assert place - tastes.base <= STEPS_MOST + 30.0


def test_the_reason_is_the_loudest_answer_as_of_its_time() -> None:
    """A later answer of the same loudness is louder, as the earlier one has faded."""
    tastes = Tastes()
    hear(tastes, answer("first", {"a": 1.0, "b": 1.0}, 0.0), frozenset())
    hear(tastes, answer("then", {"a": 1.0, "b": 0.5}, 1.0), frozenset())
    assert (because(tastes, "a"), because(tastes, "b")) == ("then", "first")
    for number in range(ANSWERED_KEPT):
        hear(tastes, answer(f"later{number}", {}, 2.0 + number), frozenset())
    assert because(tastes, "a") is None


def test_what_the_member_knows_is_not_new() -> None:
    """Touched before: not taken in; touched now: nothing speaks for it; bought: it may be bought again."""
    tastes = Tastes()
    own(tastes, "owned", 5)
    known = {mark("seen"), mark("owned")}
    hear(tastes, answer("r", {"seen": 1.0, "owned": 1.0, "new": 1.0}), known)
    assert spoken(tastes) == {"owned": 1.0, "new": 1.0}
    hear(tastes, answer("new", {}), known)
    hear(tastes, answer("owned", {}), known)
    assert spoken(tastes) == {"owned": 1.0, "new": 0.0}
    clear(tastes)
    assert spoken(tastes) == {}
    assert tastes.owned["owned"].orders == 1


@pytest.mark.parametrize("weight", [nan, inf])
def test_what_is_no_number_is_refused(weight: float) -> None:
    """It would win every list for ever."""
    with pytest.raises(ValueError, match="weight"):
        hear(Tastes(), answer("r", {"a": weight}), frozenset())


def test_bounded_and_the_strong_stay() -> None:
    """Of many products those that are spoken for most; of many bought those bought most often."""
    tastes = Tastes()
    for number in range(40):
        hear(tastes, answer("r", {f"p{number}-{n}": 1.0 for n in range(20)}), frozenset())
        hear(tastes, answer("s", {"strong": 9.0}), frozenset())
    assert len(tastes.products) <= KEPT_MOST + SLACK
    assert spoken(tastes)["strong"] == 360.0
    assert because(tastes, "strong") is None  # the first of forty alike is too long ago
    for number in range(400):
        own(tastes, f"p{number}", number)
        own(tastes, "always", number)
    assert len(tastes.owned) <= OWNED_MOST + SLACK
    assert tastes.owned["always"].orders == 400


@given(st.lists(st.integers(0, 2_000), max_size=60))
def test_marks_of_what_is_known(numbers: list[int]) -> None:
    """Each product once, and its mark is found."""
    known = b""
    for number in numbers:
        known = added(known, f"p{number}")
    assert marks(known) == {mark(f"p{number}") for number in numbers}
    assert len(known) == 4 * len(set(numbers))


def test_the_newest_are_known() -> None:
    """So many, and no more."""
    known = b""
    for number in range(KNOWN_MOST + 10):
        known = added(known, f"p{number}")
    assert len(known) == 4 * KNOWN_MOST
    assert mark("p9") not in marks(known)
    assert mark("p10") in marks(known)
